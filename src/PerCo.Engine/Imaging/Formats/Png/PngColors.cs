using System.Buffers.Binary;

namespace PerCo.Engine.Imaging.Formats.Png;

/// <summary>Turns rows of a file's samples into RGB: widening or narrowing to 8 bits, palette, white behind.</summary>
internal sealed class PngColors
{
    private readonly PngHeader _header;

    // For indices and for grey of at most 8 bits: what each sample value looks like; empty otherwise.
    private readonly byte[] _table;

    // The one opaque colour that stands for "transparent" in grey and RGB without alpha; -1 for none.
    private readonly int[] _key = [-1, -1, -1];

    /// <summary>Prepares the conversion.</summary>
    /// <param name="header">The picture's header.</param>
    /// <param name="palette">The PLTE chunk's data, used for indices.</param>
    /// <param name="transparency">The tRNS chunk's data, or nothing.</param>
    public PngColors(PngHeader header, ReadOnlySpan<byte> palette, ReadOnlySpan<byte> transparency)
    {
        _header = header;
        bool hasKey = header.ColorType is PngColorType.Gray or PngColorType.Rgb && !transparency.IsEmpty;
        for (int i = 0; hasKey && i < header.Samples; i++)
        {
            // Only the low bits count (PNG, section 11.3.1.1).
            _key[i] = BinaryPrimitives.ReadUInt16BigEndian(transparency[(2 * i)..]) & ((1 << header.BitDepth) - 1);
        }

        _table = header switch
        {
            { ColorType: PngColorType.Palette } => PaletteTable(palette, transparency),
            { ColorType: PngColorType.Gray, BitDepth: <= 8 } => GrayTable(header.BitDepth, _key[0]),
            _ => [],
        };
    }

    /// <summary>Converts a row.</summary>
    /// <param name="row">The samples as in the file.</param>
    /// <param name="pixels">Pixels in the row.</param>
    /// <param name="target">Receives RGB, starting at the row's first pixel.</param>
    /// <param name="step">Pixels of <paramref name="target"/> from one pixel to the next.</param>
    /// <returns>False where an index is beyond the palette.</returns>
    public bool TryConvert(ReadOnlySpan<byte> row, int pixels, Span<byte> target, int step)
    {
        if (_table.Length > 0)
        {
            return TryLookUp(row, pixels, target, step);
        }

        if (_header is { ColorType: PngColorType.Rgb, BitDepth: 8 } && step == 1 && _key[0] < 0)
        {
            row[..(pixels * 3)].CopyTo(target);
            return true;
        }

        bool hasAlpha = _header.ColorType is PngColorType.GrayAlpha or PngColorType.RgbAlpha;
        bool isGray = _header.ColorType is PngColorType.Gray or PngColorType.GrayAlpha;
        bool isWide = _header.BitDepth == 16;
        int most = isWide ? 65535 : 255;
        int size = isWide ? 2 : 1;
        for (int i = 0, s = 0, t = 0; i < pixels; i++, s += _header.FilterStep, t += 3 * step)
        {
            int r = Sample(row, s, isWide);
            int g = isGray ? r : Sample(row, s + size, isWide);
            int b = isGray ? r : Sample(row, s + (2 * size), isWide);
            int alpha = hasAlpha ? Sample(row, s + _header.FilterStep - size, isWide) : most;
            if (r == _key[0] && (isGray || (g == _key[1] && b == _key[2])))
            {
                alpha = 0;
            }

            target[t] = SampleScale.OverWhite(r, alpha, most);
            target[t + 1] = SampleScale.OverWhite(g, alpha, most);
            target[t + 2] = SampleScale.OverWhite(b, alpha, most);
        }

        return true;
    }

    private bool TryLookUp(ReadOnlySpan<byte> row, int pixels, Span<byte> target, int step)
    {
        int depth = _header.BitDepth;
        int mask = (1 << depth) - 1;
        for (int i = 0, t = 0; i < pixels; i++, t += 3 * step)
        {
            // Samples are packed from the high bits down. In 64 bits, as a row may have many pixels.
            long bit = (long)i * depth;
            int value = (row[(int)(bit >> 3)] >> (8 - depth - (int)(bit & 7))) & mask;
            if (value * 3 >= _table.Length)
            {
                return false;
            }

            _table.AsSpan(value * 3, 3).CopyTo(target[t..]);
        }

        return true;
    }

    private static byte[] PaletteTable(ReadOnlySpan<byte> palette, ReadOnlySpan<byte> transparency)
    {
        byte[] table = palette.ToArray();
        for (int i = 0; i < transparency.Length * 3; i++)
        {
            table[i] = SampleScale.OverWhite(table[i], transparency[i / 3], 255);
        }

        return table;
    }

    private static byte[] GrayTable(int depth, int key)
    {
        int values = 1 << depth;
        byte[] table = new byte[values * 3];
        for (int i = 0; i < values; i++)
        {
            // 255 is a multiple of 1, 3 and 15, so this is exact.
            byte gray = i == key ? (byte)255 : (byte)(i * 255 / (values - 1));
            table.AsSpan(i * 3, 3).Fill(gray);
        }

        return table;
    }

    private static int Sample(ReadOnlySpan<byte> row, int offset, bool isWide) =>
        isWide ? BinaryPrimitives.ReadUInt16BigEndian(row[offset..]) : row[offset];
}
