using System.Buffers.Binary;

namespace PerCo.Engine.Imaging.Formats.Jpeg;

/// <summary>The tables that segments define and redefine before and between scans (T.81, section B.2.4).</summary>
internal sealed class JpegTables
{
    private const int Count = 4;

    // Differences of 8-bit means have at most 11 bits; 15 leaves room for odd files, and fits a short.
    private const int MaxMeanLength = 15;

    /// <summary>The Huffman tables for differences of means.</summary>
    public JpegHuffmanTable?[] Dc { get; } = new JpegHuffmanTable?[Count];

    /// <summary>The Huffman tables for the other coefficients.</summary>
    public JpegHuffmanTable?[] Ac { get; } = new JpegHuffmanTable?[Count];

    /// <summary>The quantisation tables, 8 rows of 8.</summary>
    public ushort[]?[] Quantization { get; } = new ushort[]?[Count];

    /// <summary>Units, or blocks of a scan of one plane, between restart markers; 0 for none.</summary>
    public int RestartInterval { get; private set; }

    /// <summary>Reads a DRI segment.</summary>
    public void ReadRestartInterval(JpegSegment segment)
    {
        segment.RequireLength(2);
        RestartInterval = BinaryPrimitives.ReadUInt16BigEndian(segment.Data);
    }

    /// <summary>Reads a DQT segment.</summary>
    public void ReadQuantization(JpegSegment segment)
    {
        for (int at = 0; at < segment.Data.Length;)
        {
            int size = (segment.Data[at] >> 4) + 1, index = segment.Data[at] & 15;
            if (size > 2 || index >= Count)
            {
                throw segment.Error(
                    "table", at, $"expected 8 or 16 bits and table 0 to 3, found 0x{segment.Data[at]:X2}");
            }

            at++;
            segment.RequireLength(at + (size * JpegComponent.BlockSize));
            ushort[] table = new ushort[JpegComponent.BlockSize];
            foreach (byte place in JpegZigZag.Natural)
            {
                table[place] = size == 1 ? segment.Data[at] : BinaryPrimitives.ReadUInt16BigEndian(segment.Data[at..]);
                at += size;
            }

            Quantization[index] = table;
        }
    }

    /// <summary>Reads a DHT segment.</summary>
    public void ReadHuffman(JpegSegment segment)
    {
        for (int at = 0; at < segment.Data.Length;)
        {
            int kind = segment.Data[at] >> 4, index = segment.Data[at] & 15;
            if (kind > 1 || index >= Count)
            {
                throw segment.Error(
                    "table", at, $"expected kind 0 or 1 and table 0 to 3, found 0x{segment.Data[at]:X2}");
            }

            int countsAt = at + 1;
            at = countsAt + JpegHuffmanTable.MaxLength;
            segment.RequireLength(at);
            ReadOnlySpan<byte> counts = segment.Data[countsAt..at];
            int total = 0;
            foreach (byte count in counts)
            {
                total += count;
            }

            segment.RequireLength(at + total);
            ReadOnlySpan<byte> symbols = segment.Data.Slice(at, total);
            int bad = kind == 0 ? symbols.IndexOfAnyExceptInRange((byte)0, (byte)MaxMeanLength) : -1;
            if (bad >= 0)
            {
                throw segment.Error("symbol", at + bad, $"expected 0 to {MaxMeanLength}, found {symbols[bad]}");
            }

            (kind == 0 ? Dc : Ac)[index] = JpegHuffmanTable.Create(counts, symbols)
                ?? throw segment.Error("code lengths", countsAt, "there are more codes of a length than there can be");
            at += total;
        }
    }

    /// <summary>Refuses a scan whose tables are missing, and fixes the quantisation of its planes.</summary>
    /// <param name="segment">The SOS segment.</param>
    /// <param name="header">What it says.</param>
    /// <param name="isProgressive">Whether each scan needs only one kind of Huffman table.</param>
    public void Prepare(JpegSegment segment, JpegScanHeader header, bool isProgressive)
    {
        bool needsDc = header.First == 0 && !header.IsRefinement;
        bool needsAc = !isProgressive || header.First > 0;
        for (int i = 0; i < header.Components.Length; i++)
        {
            JpegComponent component = header.Components[i];
            int at = 1 + (2 * i);
            if (needsDc && Dc[header.DcTables[i]] is null)
            {
                throw segment.Error("Huffman tables", at + 1, $"DC table {header.DcTables[i]} was not defined");
            }

            if (needsAc && Ac[header.AcTables[i]] is null)
            {
                throw segment.Error("Huffman tables", at + 1, $"AC table {header.AcTables[i]} was not defined");
            }

            if (component.Quantization.Length == 0)
            {
                component.Quantization = Quantization[component.Table]
                    ?? throw segment.Error("component", at, $"quantisation table {component.Table} was not defined");
            }
        }
    }
}
