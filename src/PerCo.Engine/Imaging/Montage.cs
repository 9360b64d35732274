namespace PerCo.Engine.Imaging;

/// <summary>Pictures put together into one, to be looked at.</summary>
public static class Montage
{
    /// <summary>Puts pictures into one row, tops aligned, on white.</summary>
    /// <param name="images">At least one picture; sizes may differ.</param>
    /// <param name="gap">Empty columns between two neighbours.</param>
    /// <exception cref="ArgumentException">There is no picture, or the row is too large for one picture.</exception>
    public static Image SideBySide(IReadOnlyList<Image> images, int gap = 8)
    {
        ArgumentNullException.ThrowIfNull(images);
        ArgumentOutOfRangeException.ThrowIfNegative(gap);
        if (images.Count == 0 || images.Any(image => image is null))
        {
            throw new ArgumentException("There is no picture, or one of them is null.", nameof(images));
        }

        long width = images.Sum(i => (long)i.Width) + ((long)gap * (images.Count - 1));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(width, int.MaxValue, nameof(images));
        Image row = new((int)width, images.Max(i => i.Height));
        Array.Fill(row.Pixels, (byte)255);
        int left = 0;
        foreach (Image image in images)
        {
            for (int y = 0; y < image.Height; y++)
            {
                image.Row(y).CopyTo(row.Row(y)[(left * Image.Channels)..]);
            }

            left += image.Width + gap;
        }

        return row;
    }
}
