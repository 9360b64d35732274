using PerCo.Engine.Diffusion;
using PerCo.Engine.Networks.UNet;
using PerCo.Engine.Tensors;

namespace PerCo.Engine.Codec;

/// <summary>Chooses how a picture is denoised: at once, or in windows.</summary>
internal static class NoisePredictors
{
    /// <summary>Positions of a window in each direction: 1024 pixels.</summary>
    public const int DefaultWindow = 128;

    /// <summary>
    /// What windows shrink to where memory is short, largest first; those smaller than the last see too little of the
    /// picture.
    /// </summary>
    public static IReadOnlyList<int> SmallerWindows { get; } = [96, 64];

    /// <summary>A predictor for a latent, which the caller disposes of if it is disposable.</summary>
    /// <param name="unet">The network.</param>
    /// <param name="local">
    /// z_l [pictures, rows, columns, channels], or one position for whole latents; one for all pictures where they
    /// share it.
    /// </param>
    /// <param name="text">Text features of each picture, or one for all.</param>
    /// <param name="guidance">The sets of conditions.</param>
    /// <param name="geometry">The latent's size.</param>
    /// <param name="window">The largest extent that is denoised at once.</param>
    public static INoisePredictor Create(
        UNet unet, Tensor local, TextConditions text, Guidance guidance, PictureGeometry geometry, int window)
    {
        int height = geometry.LatentHeight, width = geometry.LatentWidth;
        if (height <= window && width <= window)
        {
            return new UNetNoisePredictor(unet, local, text, guidance.Rows, height, width);
        }

        // A window has whole cells of the codes; without codes, any position will do that keeps the U-Net's grid.
        Shape s = local.Shape;
        bool hasCells = s.Height > 1 || s.Width > 1;
        int unit = 1 << (unet.Config.BlockOutChannels.Count - 1);
        int cellRows = hasCells ? height / s.Height : Divisor(height, unit);
        int cellColumns = hasCells ? width / s.Width : Divisor(width, unit);
        return new TiledNoisePredictor(
            LatentWindows.Cover(height, window, cellRows),
            LatentWindows.Cover(width, window, cellColumns),
            new Shape(Math.Max(s.Batch, text.Shape.Batch), height, width, unet.Config.InChannels),
            (top, left, rows, columns) =>
            {
                using Tensor? cells = hasCells
                    ? Cut(local, top / cellRows, left / cellColumns, rows / cellRows, columns / cellColumns)
                    : null;

                // One recording for each window would hold its activations as often.
                return new UNetNoisePredictor(
                    unet, cells ?? local, text, guidance.Rows, rows, columns, records: false);
            });
    }

    private static Tensor Cut(Tensor local, int top, int left, int rows, int columns)
    {
        Shape s = local.Shape;
        float[] values = local.ToFloats();
        var cut = new float[checked(s.Batch * rows * columns * s.Channels)];
        int length = columns * s.Channels;
        for (int row = 0; row < s.Batch * rows; row++)
        {
            (int picture, int y) = int.DivRem(row, rows);
            values.AsSpan(((picture * s.Height + top + y) * s.Width + left) * s.Channels, length)
                .CopyTo(cut.AsSpan(row * length));
        }

        return local.Backend.Upload(new Shape(s.Batch, rows, columns, s.Channels), cut);
    }

    private static int Divisor(int extent, int unit) => extent % unit == 0 ? unit : 1;
}
