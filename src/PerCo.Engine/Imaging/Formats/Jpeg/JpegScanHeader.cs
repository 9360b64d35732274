namespace PerCo.Engine.Imaging.Formats.Jpeg;

/// <summary>The scan header: which planes, which coefficients, which bits of them (T.81, section B.2.3).</summary>
/// <param name="Components">The planes, in order.</param>
/// <param name="DcTables">For each plane, the table for differences of means.</param>
/// <param name="AcTables">For each plane, the table for the other coefficients.</param>
/// <param name="First">The first coefficient, in the file's order.</param>
/// <param name="Last">The last coefficient.</param>
/// <param name="HighBit">The bit that an earlier scan ended with; 0 for a first scan.</param>
/// <param name="LowBit">The bit that this scan ends with.</param>
internal sealed record JpegScanHeader(
    JpegComponent[] Components, int[] DcTables, int[] AcTables, int First, int Last, int HighBit, int LowBit)
{
    private const int MaxTable = 3;
    private const int MaxBit = 13;

    /// <summary>Whether the scan adds a bit to coefficients that an earlier one began.</summary>
    public bool IsRefinement => HighBit > 0;

    /// <summary>Reads the header.</summary>
    /// <param name="segment">An SOS segment.</param>
    /// <param name="frame">The picture's frame.</param>
    /// <exception cref="ImageFormatException">It is damaged, or does not follow from the scans before.</exception>
    public static JpegScanHeader Parse(JpegSegment segment, JpegFrame frame)
    {
        segment.RequireLength(1);
        ReadOnlySpan<byte> data = segment.Data;
        int count = data[0];
        if (count < 1 || count > frame.Components.Length)
        {
            throw segment.Error("components", 0, $"expected 1 to {frame.Components.Length}, found {count}");
        }

        segment.RequireLength(1 + (2 * count) + 3);
        JpegComponent[] components = new JpegComponent[count];
        int[] dcTables = new int[count], acTables = new int[count];
        for (int i = 0; i < count; i++)
        {
            int at = 1 + (2 * i);
            byte id = data[at];
            components[i] = frame.Components.FirstOrDefault(c => c.Id == id)
                ?? throw segment.Error("component", at, $"the frame has no component {id}");
            if (components.AsSpan(0, i).Contains(components[i]))
            {
                throw segment.Error("component", at, $"component {id} is named twice");
            }

            (dcTables[i], acTables[i]) = (data[at + 1] >> 4, data[at + 1] & 15);
            if (dcTables[i] > MaxTable || acTables[i] > MaxTable)
            {
                throw segment.Error(
                    "Huffman tables", at + 1, $"expected 0 to {MaxTable}, found {dcTables[i]} and {acTables[i]}");
            }
        }

        int rest = 1 + (2 * count);
        // Sequential scans hold all coefficients; what they write here is ignored, as some encoders write nonsense.
        JpegScanHeader header = frame.IsProgressive
            ? new(components, dcTables, acTables, data[rest], data[rest + 1], data[rest + 2] >> 4, data[rest + 2] & 15)
            : new(components, dcTables, acTables, 0, JpegComponent.BlockSize - 1, 0, 0);
        header.CheckBand(segment, rest, frame.IsProgressive);
        header.CheckProgression(segment, rest);
        return header;
    }

    private void CheckBand(JpegSegment segment, int at, bool isProgressive)
    {
        if (First > Last || Last >= JpegComponent.BlockSize || (isProgressive && First == 0 && Last != 0))
        {
            throw segment.Error("coefficients", at, $"{First} to {Last} are no band of a progressive file");
        }

        if (First > 0 && Components.Length > 1)
        {
            throw segment.Error("components", 0, $"expected one beyond coefficient 0, found {Components.Length}");
        }

        if (LowBit > MaxBit || (IsRefinement && HighBit != LowBit + 1))
        {
            throw segment.Error("bits", at + 2, $"from {HighBit} to {LowBit} is not the next bit");
        }
    }

    // Each bit of each coefficient comes once, from the highest down: that also bounds the work of a hostile file.
    private void CheckProgression(JpegSegment segment, int at)
    {
        foreach (JpegComponent component in Components)
        {
            if (First > 0 && !component.HasData)
            {
                throw segment.Error("coefficients", at, $"{First} comes before 0 of component {component.Id}");
            }

            for (int k = First; k <= Last; k++)
            {
                int expected = IsRefinement ? HighBit : -1;
                if (component.Precision(k) != expected)
                {
                    throw segment.Error(
                        "bits", at + 2, $"coefficient {k} of component {component.Id} is repeated or out of turn");
                }
            }
        }
    }
}
