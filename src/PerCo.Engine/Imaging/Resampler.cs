namespace PerCo.Engine.Imaging;

/// <summary>Resizes pictures to exactly the bytes that Pillow's <c>Image.resize</c> gives.</summary>
public static class Resampler
{
    private const int Half = 1 << (ResampleWeights.PrecisionBits - 1);

    /// <summary>
    /// Resizes a picture: rows first, rounded to 8 bits, then columns, both with antialiasing when shrinking.
    /// Source: Pillow, src/libImaging/Resample.c (8 bits per channel).
    /// </summary>
    /// <param name="image">The picture.</param>
    /// <param name="width">New columns, at least 1.</param>
    /// <param name="height">New rows, at least 1.</param>
    /// <param name="filter">The curve that weights source pixels.</param>
    /// <returns>A new picture; a copy where the size stays.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A side is not positive or too large; no such filter.</exception>
    public static Image Resize(Image image, int width, int height, ResampleFilter filter = ResampleFilter.Bicubic)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        if (!Enum.IsDefined(filter))
        {
            throw new ArgumentOutOfRangeException(nameof(filter), filter, "No such filter.");
        }

        if (width == image.Width && height == image.Height)
        {
            return new Image(width, height, (byte[])image.Pixels.Clone());
        }

        Image wide = width == image.Width ? image : ResizeRows(image, width, filter);
        return height == image.Height ? wide : ResizeColumns(wide, height, filter);
    }

    private static Image ResizeRows(Image source, int width, ResampleFilter filter)
    {
        Image target = new(width, source.Height);
        ResampleWeights table = ResampleWeights.Create(source.Width, width, filter);
        for (int y = 0; y < source.Height; y++)
        {
            ReadOnlySpan<byte> from = source.Row(y);
            Span<byte> to = target.Row(y);
            for (int x = 0; x < width; x++)
            {
                ReadOnlySpan<int> weights = table.Weights(x);
                int red = Half, green = Half, blue = Half;
                ReadOnlySpan<byte> samples = from.Slice(table.First(x) * 3, weights.Length * 3);
                for (int k = 0, s = 0; k < weights.Length; k++, s += 3)
                {
                    red += samples[s] * weights[k];
                    green += samples[s + 1] * weights[k];
                    blue += samples[s + 2] * weights[k];
                }

                to[x * 3] = ToByte(red);
                to[(x * 3) + 1] = ToByte(green);
                to[(x * 3) + 2] = ToByte(blue);
            }
        }

        return target;
    }

    private static Image ResizeColumns(Image source, int height, ResampleFilter filter)
    {
        Image target = new(source.Width, height);
        ResampleWeights table = ResampleWeights.Create(source.Height, height, filter);
        int[] sums = new int[source.Width * Image.Channels];
        for (int y = 0; y < height; y++)
        {
            ReadOnlySpan<int> weights = table.Weights(y);
            Array.Fill(sums, Half);
            for (int k = 0; k < weights.Length; k++)
            {
                ReadOnlySpan<byte> from = source.Row(table.First(y) + k);
                int weight = weights[k];
                for (int i = 0; i < sums.Length; i++)
                {
                    sums[i] += from[i] * weight;
                }
            }

            Span<byte> to = target.Row(y);
            for (int i = 0; i < sums.Length; i++)
            {
                to[i] = ToByte(sums[i]);
            }
        }

        return target;
    }

    private static byte ToByte(int sum) => (byte)Math.Clamp(sum >> ResampleWeights.PrecisionBits, 0, 255);
}
