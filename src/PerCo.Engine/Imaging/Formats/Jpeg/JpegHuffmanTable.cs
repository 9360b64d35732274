namespace PerCo.Engine.Imaging.Formats.Jpeg;

/// <summary>A Huffman code (T.81, annex C).</summary>
internal sealed class JpegHuffmanTable
{
    /// <summary>Bits of the longest code.</summary>
    public const int MaxLength = 16;

    // Codes of at most this many bits are found by one look-up, the others length by length.
    private const int LookupBits = 9;

    // For the next bits: length · 256 + symbol, or 0 where the code is longer.
    private readonly ushort[] _lookup = new ushort[1 << LookupBits];

    // For each length: one more than its largest code, shifted up to 16 bits; and what to add to a code for its place.
    private readonly int[] _limit = new int[MaxLength + 1];
    private readonly int[] _place = new int[MaxLength + 1];
    private readonly byte[] _symbols;

    private JpegHuffmanTable(byte[] symbols) => _symbols = symbols;

    /// <summary>Builds the code of a table as it is written in a file.</summary>
    /// <param name="counts">How many codes have 1, 2, … 16 bits.</param>
    /// <param name="symbols">The symbols, shortest code first; as many as the counts add up to.</param>
    /// <returns>Null where there are more codes of a length than there can be.</returns>
    public static JpegHuffmanTable? Create(ReadOnlySpan<byte> counts, ReadOnlySpan<byte> symbols)
    {
        JpegHuffmanTable table = new(symbols.ToArray());
        int code = 0, place = 0;
        for (int length = 1; length <= MaxLength; length++)
        {
            int count = counts[length - 1];
            if (code + count > 1 << length)
            {
                return null;
            }

            table._place[length] = place - code;
            for (int i = 0; i < count && length <= LookupBits; i++)
            {
                int free = LookupBits - length;
                table._lookup.AsSpan((code + i) << free, 1 << free).Fill((ushort)((length << 8) | symbols[place + i]));
            }

            place += count;
            code += count;
            table._limit[length] = code << (MaxLength - length);
            code <<= 1;
        }

        return table;
    }

    /// <summary>Finds the symbol that some bits start with.</summary>
    /// <param name="bits">The next 16 bits.</param>
    /// <param name="length">Receives the bits of its code.</param>
    /// <returns>The symbol, or -1 where no code is like that.</returns>
    public int Find(int bits, out int length)
    {
        int entry = _lookup[bits >> (MaxLength - LookupBits)];
        if (entry != 0)
        {
            length = entry >> 8;
            return entry & 255;
        }

        for (length = LookupBits + 1; length <= MaxLength; length++)
        {
            if (bits < _limit[length])
            {
                return _symbols[(bits >> (MaxLength - length)) + _place[length]];
            }
        }

        return -1;
    }
}
