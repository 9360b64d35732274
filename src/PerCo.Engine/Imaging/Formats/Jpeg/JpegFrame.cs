using System.Buffers.Binary;

namespace PerCo.Engine.Imaging.Formats.Jpeg;

/// <summary>The frame header: sides and planes (T.81, section B.2.2).</summary>
internal sealed class JpegFrame
{
    private const int MaxSampling = 4;
    private const int MaxTable = 3;

    private JpegFrame(int width, int height, bool isProgressive, JpegComponent[] components)
    {
        Width = width;
        Height = height;
        IsProgressive = isProgressive;
        Components = components;
        MaxHorizontal = components.Max(c => c.Horizontal);
        MaxVertical = components.Max(c => c.Vertical);
        UnitsWide = (width + (MaxHorizontal * JpegComponent.BlockSide) - 1) / (MaxHorizontal * JpegComponent.BlockSide);
        UnitsHigh = (height + (MaxVertical * JpegComponent.BlockSide) - 1) / (MaxVertical * JpegComponent.BlockSide);
        foreach (JpegComponent component in components)
        {
            component.Place(this);
        }
    }

    /// <summary>Columns, at least 1.</summary>
    public int Width { get; }

    /// <summary>Rows, at least 1.</summary>
    public int Height { get; }

    /// <summary>Whether several scans refine the same coefficients.</summary>
    public bool IsProgressive { get; }

    /// <summary>One plane or three.</summary>
    public JpegComponent[] Components { get; }

    /// <summary>The most blocks across of a plane in a unit.</summary>
    public int MaxHorizontal { get; }

    /// <summary>The most blocks down of a plane in a unit.</summary>
    public int MaxVertical { get; }

    /// <summary>Units (MCU in T.81) across.</summary>
    public int UnitsWide { get; }

    /// <summary>Units down.</summary>
    public int UnitsHigh { get; }

    /// <summary>Blocks that hold samples of the picture, over all planes.</summary>
    public long Blocks => Components.Sum(c => (long)c.BlocksWide * c.BlocksHigh);

    /// <summary>Reads the header.</summary>
    /// <param name="segment">A SOF0, SOF1 or SOF2 segment.</param>
    /// <param name="limits">What the file may ask for.</param>
    /// <exception cref="ImageFormatException">It is damaged, unsupported or over the limits.</exception>
    public static JpegFrame Parse(JpegSegment segment, ImageLimits limits)
    {
        segment.RequireLength(6);
        ReadOnlySpan<byte> data = segment.Data;
        if (data[0] != 8)
        {
            throw segment.Error("precision", 0, $"expected 8 bits, found {data[0]}; convert the picture to PNG first");
        }

        int height = BinaryPrimitives.ReadUInt16BigEndian(data[1..]);
        int width = BinaryPrimitives.ReadUInt16BigEndian(data[3..]);
        if (height == 0)
        {
            throw segment.Error("height", 1, "a height given after the pixels is not supported; re-save the picture");
        }

        if (width == 0)
        {
            throw segment.Error("width", 3, "expected at least 1, found 0");
        }

        limits.CheckSize(JpegFormat.FormatName, width, height, segment.DataOffset + 1);
        int count = data[5];
        if (count is not (1 or 3))
        {
            string kind = count == 4 ? "CMYK or YCCK" : $"{count} components";
            throw segment.Error("components", 5, $"expected grey or three, found {kind}; convert the picture first");
        }

        segment.RequireLength(6 + (3 * count));
        JpegComponent[] components = new JpegComponent[count];
        for (int i = 0; i < count; i++)
        {
            components[i] = ParseComponent(segment, 6 + (3 * i), components.AsSpan(0, i));
        }

        JpegFrame frame = new(width, height, segment.Marker == JpegMarker.Sof2, components);
        for (int i = 0; i < count; i++)
        {
            JpegComponent c = components[i];
            if (frame.MaxHorizontal % c.Horizontal != 0 || frame.MaxVertical % c.Vertical != 0)
            {
                throw segment.Error(
                    "sampling",
                    7 + (3 * i),
                    $"{c.Horizontal} × {c.Vertical} does not divide {frame.MaxHorizontal} × {frame.MaxVertical}");
            }
        }

        return frame;
    }

    private static JpegComponent ParseComponent(JpegSegment segment, int at, ReadOnlySpan<JpegComponent> before)
    {
        byte id = segment.Data[at];
        foreach (JpegComponent other in before)
        {
            if (other.Id == id)
            {
                throw segment.Error("component", at, $"identifier {id} is used twice");
            }
        }

        int horizontal = segment.Data[at + 1] >> 4, vertical = segment.Data[at + 1] & 15;
        if (horizontal is 0 or > MaxSampling || vertical is 0 or > MaxSampling)
        {
            throw segment.Error("sampling", at + 1, $"expected 1 to {MaxSampling}, found {horizontal} × {vertical}");
        }

        int table = segment.Data[at + 2];
        return table <= MaxTable
            ? new JpegComponent(id, horizontal, vertical, table)
            : throw segment.Error("quantisation table", at + 2, $"expected 0 to {MaxTable}, found {table}");
    }
}
