using System.Globalization;
using PerCo.Engine.Backends.Gpu;
using PerCo.Engine.Diffusion;
using PerCo.Engine.Tensors;
using PerCo.Engine.Weights;

namespace PerCo.Engine.Codec;

/// <summary>
/// The device memory that decoding a picture will take, known before anything is computed; latents are denoised in
/// smaller windows, and pictures worked on in bands of rows, where the whole would not fit.
/// </summary>
/// <param name="Weights">Bytes of the prepared weights.</param>
/// <param name="Activations">Most bytes of the arena at once.</param>
/// <param name="LatentWindow">Rows and columns of the latent that are denoised at once.</param>
/// <param name="BandBytes">Size of the autoencoder's bands of rows; 0 for none.</param>
internal sealed record GpuMemoryPlan(long Weights, long Activations, int LatentWindow, long BandBytes)
{
    private const double Mebi = 1 << 20;

    /// <summary>Smaller windows than the last see too little of the picture.</summary>
    private static readonly int[] Windows = [96, 64];

    /// <summary>Large enough to fill a device, small beside a picture for which bands are a matter.</summary>
    private const long ScarceBandBytes = 64 << 20;

    /// <summary>Bytes of both.</summary>
    public long Total => Weights + Activations;

    /// <summary>
    /// The fastest way in which decoding fits into a device's memory: all at once, then in bands, then in ever smaller
    /// windows.
    /// </summary>
    /// <exception cref="PerCoException">There are none; says how much is needed.</exception>
    public static GpuMemoryPlan ForDecoding(PerCoModel model, PerCoFile file, Guidance guidance, int window)
    {
        var backend = (GpuBackend)model.Backend;
        return ForDecoding(model, file, guidance, window, backend.Hardware.UsableMemory);
    }

    /// <summary>As the other, for so many bytes of memory.</summary>
    internal static GpuMemoryPlan ForDecoding(
        PerCoModel model, PerCoFile file, Guidance guidance, int window, long memory)
    {
        var backend = (GpuBackend)model.Backend;
        GpuMemoryPlan? plan = null;
        (int, long)[] candidates =
        [
            (window, GpuBackend.DefaultBandBytes), (window, ScarceBandBytes),
            .. Windows.Where(smaller => smaller < window).Select(smaller => (smaller, ScarceBandBytes)),
        ];
        foreach ((int latentWindow, long bandBytes) in candidates)
        {
            plan = Make(model, backend, file, guidance, latentWindow, bandBytes);
            if (plan.Total <= memory)
            {
                return plan;
            }
        }

        throw new PerCoException(string.Create(
            CultureInfo.InvariantCulture,
            $"{backend.Name}: decoding {file.Width}x{file.Height} pixels takes {plan}, the device has "
            + $"{memory / Mebi:0} MiB. Try --precision fp16, a smaller picture, or --device cpu."));
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Total / Mebi:0} MiB of device memory (weights {Weights / Mebi:0}, activations {Activations / Mebi:0}), "
        + $"windows of {LatentWindow}{(BandBytes > 0 ? $", bands of {BandBytes / Mebi:0} MiB" : "")}");

    private static GpuMemoryPlan Make(
        PerCoModel model, GpuBackend device, PerCoFile file, Guidance guidance, int window, long bandBytes)
    {
        using var backend = new GpuDryRun(device.ElementSize);
        using PerCoModel dry = PerCoModel.Open(model.Folder.Path, backend);
        ModelRate rate = dry.Rate(file.Grid);
        PictureGeometry geometry = PictureGeometry.Of(file.Width, file.Height, file.Grid, dry.LatentStride);
        TextConditions text = dry.EncodeText(file.Caption);
        Shape latentShape = new(1, geometry.LatentHeight, geometry.LatentWidth, dry.LatentChannels);

        // 1. One step: all others take as much, in the blocks of its recording.
        using (Tensor local = backend.Allocate(new Shape(
            1, file.Grid.HasCodes ? file.Grid.Rows(file.Height) : 1,
            file.Grid.HasCodes ? file.Grid.Columns(file.Width) : 1, dry.UNet(rate).LocalChannels)))
        {
            INoisePredictor predictor = NoisePredictors.Create(
                dry.UNet(rate), local, text, guidance, geometry, window);
            using var owned = predictor as IDisposable;
            predictor.Predict(
                new float[latentShape.Count], 0, guidance.Rows, new float[guidance.Rows.Length * latentShape.Count]);
        }

        // 2. The picture.
        using Tensor latent = backend.Allocate(latentShape);
        dry.Vae.BandBytes = bandBytes;
        dry.Vae.Decode(latent).Dispose();
        return new GpuMemoryPlan(backend.WeightBytes, backend.PeakMemory, window, bandBytes);
    }
}
