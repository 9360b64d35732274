namespace PerCo.Engine.Imaging;

/// <summary>What a picture file may ask for; checked before anything of that size is allocated.</summary>
public sealed record ImageLimits
{
    /// <summary>The limits used where none are given.</summary>
    public static ImageLimits Default { get; } = new();

    /// <summary>Largest width × height, in pixels; 8192 × 8192 unless set.</summary>
    public long MaxPixels { get; init; } = 8192L * 8192;

    /// <summary>Largest file, in bytes; 1 GiB unless set.</summary>
    public long MaxFileBytes { get; init; } = 1L << 30;

    /// <summary>Accepts the size that a header declares, or refuses it.</summary>
    /// <param name="format">The format's name, for the message.</param>
    /// <param name="width">Declared columns, at least 1.</param>
    /// <param name="height">Declared rows, at least 1.</param>
    /// <param name="offset">Where the size is written in the file.</param>
    internal void CheckSize(string format, long width, long height, long offset)
    {
        // Both sides come from 32-bit fields, so the product fits 64 bits.
        long pixels = width * height;
        long most = Math.Min(MaxPixels, Array.MaxLength / Image.Channels);
        if (pixels > most)
        {
            throw new ImageFormatException(
                format,
                "size",
                offset,
                $"{width} × {height} is more than the limit of {most} pixels; scale it down first, or raise the limit")
            {
                Remedies = [Remedy.PixelLimit],
            };
        }
    }
}
