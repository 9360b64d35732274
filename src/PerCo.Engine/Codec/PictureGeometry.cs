using PerCo.Engine.Imaging;

namespace PerCo.Engine.Codec;

/// <summary>
/// Sizes of a picture on its way through the codec. Pictures are padded to the right and below to whole grid positions
/// and latents, and cropped back; never squashed.
/// </summary>
/// <param name="PaddedWidth">Pixels in a row after padding.</param>
/// <param name="PaddedHeight">Rows after padding.</param>
/// <param name="LatentWidth">Columns of the latent.</param>
/// <param name="LatentHeight">Rows of the latent.</param>
internal readonly record struct PictureGeometry(int PaddedWidth, int PaddedHeight, int LatentWidth, int LatentHeight)
{
    /// <summary>The smallest picture, in both directions: below, the networks see nothing but padding.</summary>
    public const int MinExtent = 16;

    /// <summary>Pixels of the padded picture.</summary>
    public long PaddedPixels => (long)PaddedWidth * PaddedHeight;

    public static PictureGeometry Of(int width, int height, CodeGrid grid, int latentStride)
    {
        int unit = Math.Max(grid.Stride, latentStride);
        int paddedWidth = RoundUp(width, unit);
        int paddedHeight = RoundUp(height, unit);
        return new PictureGeometry(paddedWidth, paddedHeight, paddedWidth / latentStride, paddedHeight / latentStride);
    }

    public static void CheckSize(Image image)
    {
        if (image.Width < MinExtent || image.Height < MinExtent)
        {
            throw new PerCoException(
                $"The picture is {image.Width}x{image.Height}, expected at least {MinExtent}x{MinExtent} pixels. "
                + "Such a small picture is better kept as a PNG.");
        }
    }

    private static int RoundUp(int extent, int unit)
    {
        long padded = ((long)extent + unit - 1) / unit * unit;
        return padded <= int.MaxValue ? (int)padded
            : throw new PerCoException($"A side of the picture is {extent} pixels, more than can be computed.");
    }
}
