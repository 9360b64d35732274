using System.Buffers.Binary;

namespace PerCo.Engine.Imaging.Formats.Png;

/// <summary>What a pixel is made of; the values are those of the file (PNG, section 11.2.1).</summary>
internal enum PngColorType
{
    /// <summary>One grey sample.</summary>
    Gray = 0,

    /// <summary>Red, green, blue.</summary>
    Rgb = 2,

    /// <summary>An index into the palette.</summary>
    Palette = 3,

    /// <summary>Grey and opacity.</summary>
    GrayAlpha = 4,

    /// <summary>Red, green, blue and opacity.</summary>
    RgbAlpha = 6,
}

/// <summary>The IHDR chunk.</summary>
/// <param name="Width">Columns, at least 1.</param>
/// <param name="Height">Rows, at least 1.</param>
/// <param name="BitDepth">Bits of a sample or index.</param>
/// <param name="ColorType">What a pixel is made of.</param>
/// <param name="Interlaced">Whether rows come in Adam7 passes.</param>
internal sealed record PngHeader(int Width, int Height, int BitDepth, PngColorType ColorType, bool Interlaced)
{
    /// <summary>Bytes of the chunk's data.</summary>
    public const int Length = 13;

    /// <summary>Samples of a pixel.</summary>
    public int Samples => ColorType switch
    {
        PngColorType.Rgb => 3,
        PngColorType.GrayAlpha => 2,
        PngColorType.RgbAlpha => 4,
        _ => 1,
    };

    /// <summary>Bytes from a byte to its left neighbour in filters: a pixel, at least 1 (PNG, section 9.2).</summary>
    public int FilterStep => Math.Max(Samples * BitDepth / 8, 1);

    /// <summary>Bytes of a row of so many pixels, without the filter byte.</summary>
    /// <param name="pixels">Pixels in the row.</param>
    public long RowBytes(int pixels) => (((long)pixels * Samples * BitDepth) + 7) / 8;

    /// <summary>Reads the chunk.</summary>
    /// <param name="chunk">The first chunk of the file.</param>
    /// <exception cref="ImageFormatException">A field has a value that the specification does not know.</exception>
    public static PngHeader Parse(PngChunk chunk)
    {
        if (!chunk.Is("IHDR"u8))
        {
            throw PngFormat.Error("first chunk", chunk.Offset, $"expected IHDR, found {chunk.Name}");
        }

        if (chunk.Length != Length)
        {
            throw PngFormat.Error("IHDR length", chunk.Offset, $"expected {Length} bytes, found {chunk.Length}");
        }

        chunk.CheckCrc();
        ReadOnlySpan<byte> data = chunk.Data;
        int width = Side("IHDR width", data, chunk.DataOffset);
        int height = Side("IHDR height", data[4..], chunk.DataOffset + 4);
        int depth = data[8];
        PngColorType color = (PngColorType)data[9];
        if (!Enum.IsDefined(color))
        {
            throw PngFormat.Error(
                "IHDR colour type", chunk.DataOffset + 9, $"expected 0, 2, 3, 4 or 6, found {data[9]}");
        }

        if (!IsDepthOf(color, depth))
        {
            throw PngFormat.Error(
                "IHDR bit depth", chunk.DataOffset + 8, $"{depth} does not go with colour type {data[9]}");
        }

        RequireKnown("IHDR compression", data[10], 0, chunk.DataOffset + 10);
        RequireKnown("IHDR filter method", data[11], 0, chunk.DataOffset + 11);
        RequireKnown("IHDR interlacing", data[12], 1, chunk.DataOffset + 12);
        return new PngHeader(width, height, depth, color, data[12] == 1);
    }

    private static int Side(string field, ReadOnlySpan<byte> data, int offset)
    {
        uint side = BinaryPrimitives.ReadUInt32BigEndian(data);
        return side is > 0 and <= int.MaxValue
            ? (int)side
            : throw PngFormat.Error(field, offset, $"expected 1 to {int.MaxValue}, found {side}");
    }

    private static bool IsDepthOf(PngColorType color, int depth) => color switch
    {
        PngColorType.Gray => depth is 1 or 2 or 4 or 8 or 16,
        PngColorType.Palette => depth is 1 or 2 or 4 or 8,
        _ => depth is 8 or 16,
    };

    private static void RequireKnown(string field, byte value, byte most, int offset)
    {
        if (value > most)
        {
            throw PngFormat.Error(field, offset, $"expected at most {most}, found {value}");
        }
    }
}
