namespace PerCo.Engine.Imaging;

/// <summary>A picture in memory: 8-bit sRGB, red, green, blue interleaved, rows from the top, no padding.</summary>
public sealed class Image
{
    /// <summary>Bytes of one pixel.</summary>
    public const int Channels = 3;

    /// <summary>Creates a black picture.</summary>
    /// <param name="width">Columns, at least 1.</param>
    /// <param name="height">Rows, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">A side is not positive, or the picture is too large.</exception>
    public Image(int width, int height)
        : this(width, height, new byte[ByteCount(width, height)])
    {
    }

    /// <summary>Wraps raw pixels, without copying them.</summary>
    /// <param name="width">Columns, at least 1.</param>
    /// <param name="height">Rows, at least 1.</param>
    /// <param name="pixels">Exactly width × height × 3 bytes in the layout of this class.</param>
    /// <exception cref="ArgumentOutOfRangeException">A side is not positive, or the picture is too large.</exception>
    /// <exception cref="ArgumentException">The length of <paramref name="pixels"/> does not fit the sides.</exception>
    public Image(int width, int height, byte[] pixels)
    {
        ArgumentNullException.ThrowIfNull(pixels);
        int expected = ByteCount(width, height);
        if (pixels.Length != expected)
        {
            throw new ArgumentException(
                $"{width} × {height} RGB pixels are {expected} bytes, got {pixels.Length}.", nameof(pixels));
        }

        Width = width;
        Height = height;
        Pixels = pixels;
    }

    /// <summary>A picture of raw pixels, which are copied.</summary>
    /// <param name="pixels">Red, green, blue, a byte each; rows from the top, without padding.</param>
    /// <param name="width">Columns, at least 1.</param>
    /// <param name="height">Rows, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">A side is not positive, or the picture is too large.</exception>
    /// <exception cref="ArgumentException">The length of <paramref name="pixels"/> does not fit the sides.</exception>
    public static Image FromRgb(ReadOnlySpan<byte> pixels, int width, int height) =>
        new(width, height, pixels.ToArray());

    /// <summary>Columns.</summary>
    public int Width { get; }

    /// <summary>Rows.</summary>
    public int Height { get; }

    /// <summary>The samples: pixel (x, y) starts at 3 · (y · <see cref="Width"/> + x).</summary>
    public byte[] Pixels { get; }

    /// <summary>The samples of one row.</summary>
    /// <param name="y">The row, from 0 at the top.</param>
    /// <returns>3 · <see cref="Width"/> bytes.</returns>
    public Span<byte> Row(int y)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(y);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(y, Height);
        int stride = Width * Channels;
        return Pixels.AsSpan(y * stride, stride);
    }

    /// <summary>Copies a rectangle that lies inside the picture.</summary>
    /// <param name="x">First column.</param>
    /// <param name="y">First row.</param>
    /// <param name="width">Columns to keep, at least 1.</param>
    /// <param name="height">Rows to keep, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">The rectangle is empty or reaches outside.</exception>
    public Image Crop(int x, int y, int width, int height)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(x);
        ArgumentOutOfRangeException.ThrowIfNegative(y);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan((long)x + width, Width, nameof(width));
        ArgumentOutOfRangeException.ThrowIfGreaterThan((long)y + height, Height, nameof(height));
        Image cropped = new(width, height);
        for (int row = 0; row < height; row++)
        {
            Row(y + row).Slice(x * Channels, width * Channels).CopyTo(cropped.Row(row));
        }

        return cropped;
    }

    /// <summary>Grows the picture to the right and downwards, repeating its last column and row.</summary>
    /// <param name="width">New columns, at least the present ones.</param>
    /// <param name="height">New rows, at least the present ones.</param>
    /// <exception cref="ArgumentOutOfRangeException">A side is smaller than the present one, or too large.</exception>
    public Image PadEdge(int width, int height)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, Width);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, Height);
        Image padded = new(width, height);
        for (int row = 0; row < height; row++)
        {
            Span<byte> target = padded.Row(row);
            if (row >= Height)
            {
                padded.Row(Height - 1).CopyTo(target);
                continue;
            }

            Span<byte> source = Row(row);
            source.CopyTo(target);
            ReadOnlySpan<byte> last = source[^Channels..];
            for (int i = source.Length; i < target.Length; i += Channels)
            {
                last.CopyTo(target[i..]);
            }
        }

        return padded;
    }

    private static int ByteCount(int width, int height)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        long bytes = (long)width * height;
        if (bytes > Array.MaxLength / Channels)
        {
            throw new ArgumentOutOfRangeException(
                nameof(height), $"{width} × {height} pixels do not fit one array of {Array.MaxLength} bytes.");
        }

        return (int)bytes * Channels;
    }
}
