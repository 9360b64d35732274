using PerCo.Engine.Diffusion;
using PerCo.Engine.Imaging;
using PerCo.Engine.Tensors;

namespace PerCo.Engine.Codec;

/// <summary>
/// The stages of the codec that take memory, of a model on shapes alone (<see cref="Backends.ShapesBackend"/>).
/// </summary>
internal static class DryStages
{
    /// <summary>The caption of a picture; all of them take as much.</summary>
    public static void Caption(PerCoModel dry) =>
        dry.Networks.Captioner.Caption(new Image(PictureGeometry.MinExtent, PictureGeometry.MinExtent));

    /// <summary>The latent of a picture of a size, padded to a grid.</summary>
    public static Tensor Latent(PerCoModel dry, int width, int height, CodeGrid grid)
    {
        PictureGeometry geometry = PictureGeometry.Of(width, height, grid, dry.LatentStride);
        using Tensor image = dry.Backend.Allocate(
            new Shape(1, geometry.PaddedHeight, geometry.PaddedWidth, Image.Channels));
        return dry.Networks.Vae.EncodeMean(image);
    }

    /// <summary>One denoising step: all others take as much.</summary>
    /// <param name="dry">The model.</param>
    /// <param name="settings">What is drawn.</param>
    /// <param name="local">z_l.</param>
    /// <param name="text">Text features.</param>
    /// <param name="pictures">Pictures of the batch.</param>
    /// <param name="window">Rows and columns of the latent that are denoised at once.</param>
    public static void Step(
        PerCoModel dry, DrawingSettings settings, Tensor local, TextConditions text, int pictures, int window)
    {
        Guidance guidance = settings.Guidance;
        INoisePredictor predictor = NoisePredictors.Create(
            dry.Networks.UNet(settings.Rate), local, text, guidance, settings.Geometry, window);
        using var owned = predictor as IDisposable;
        long values = checked(pictures * Latent(dry, settings).Count);
        predictor.Predict(new float[values], 0, guidance.Rows, new float[checked(guidance.Rows.Length * values)]);
    }

    /// <summary>The autoencoder's share of a picture.</summary>
    public static void Paint(PerCoModel dry, DrawingSettings settings)
    {
        using Tensor latent = dry.Backend.Allocate(Latent(dry, settings));
        dry.Networks.Vae.Decode(latent).Dispose();
    }

    private static Shape Latent(PerCoModel dry, DrawingSettings settings) =>
        new(1, settings.Geometry.LatentHeight, settings.Geometry.LatentWidth, dry.LatentChannels);
}
