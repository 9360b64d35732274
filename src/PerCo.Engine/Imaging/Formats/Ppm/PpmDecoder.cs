using System.Buffers.Binary;

namespace PerCo.Engine.Imaging.Formats.Ppm;

/// <summary>Reads P5, P6 and P7.</summary>
internal static class PpmDecoder
{
    /// <summary>Reads a picture.</summary>
    /// <param name="file">The whole file.</param>
    /// <param name="limits">What the file may ask for.</param>
    /// <exception cref="ImageFormatException">The file is damaged or over the limits.</exception>
    public static Image Decode(ReadOnlySpan<byte> file, ImageLimits limits)
    {
        PpmHeader header = PpmHeader.Parse(file, limits);
        // A PAM header may end the file without a line break, so the offset can be one beyond it.
        ReadOnlySpan<byte> data = file[Math.Min(header.DataOffset, file.Length)..];
        long expected = (long)header.Width * header.Height * header.Depth * header.SampleBytes;
        if (data.Length < expected)
        {
            throw PpmFormat.Error(
                "samples",
                header.DataOffset,
                $"expected {expected} bytes, found {data.Length}; the file was cut short");
        }

        Image image = new(header.Width, header.Height);
        if (header is { Depth: 3, MaxValue: 255 })
        {
            data[..(int)expected].CopyTo(image.Pixels);
            return image;
        }

        Convert(header, data[..(int)expected], image.Pixels);
        return image;
    }

    private static void Convert(PpmHeader header, ReadOnlySpan<byte> data, Span<byte> target)
    {
        bool hasAlpha = header.Depth is 2 or 4;
        bool isGray = header.Depth < 3;
        int size = header.SampleBytes;
        int pixelBytes = header.Depth * size;
        for (int s = 0, t = 0; s < data.Length; s += pixelBytes, t += Image.Channels)
        {
            int alpha = hasAlpha ? Sample(header, data, s + pixelBytes - size) : header.MaxValue;
            for (int c = 0; c < Image.Channels; c++)
            {
                int value = Sample(header, data, isGray ? s : s + (c * size));
                target[t + c] = SampleScale.OverWhite(value, alpha, header.MaxValue);
            }
        }
    }

    private static int Sample(PpmHeader header, ReadOnlySpan<byte> data, int offset)
    {
        int value = header.SampleBytes == 2 ? BinaryPrimitives.ReadUInt16BigEndian(data[offset..]) : data[offset];
        return value <= header.MaxValue
            ? value
            : throw PpmFormat.Error(
                "sample",
                (long)header.DataOffset + offset,
                $"expected at most maxval {header.MaxValue}, found {value}");
    }
}
