using System.Globalization;
using PerCo.Engine.Backends.Gpu;
using PerCo.Engine.Diffusion;
using PerCo.Engine.Tensors;
using PerCo.Engine.Weights;

namespace PerCo.Engine.Codec;

/// <summary>
/// The device memory that decoding a picture will take, known before anything is computed; latents are denoised in
/// smaller windows where the whole would not fit.
/// </summary>
/// <param name="Weights">Bytes of the prepared weights.</param>
/// <param name="Activations">Most bytes of the arena at once.</param>
/// <param name="LatentWindow">Rows and columns of the latent that are denoised at once.</param>
internal sealed record GpuMemoryPlan(long Weights, long Activations, int LatentWindow)
{
    private const double Mebi = 1 << 20;

    /// <summary>Smaller windows than the last see too little of the picture.</summary>
    private static readonly int[] Windows = [96, 64];

    /// <summary>Bytes of both.</summary>
    public long Total => Weights + Activations;

    /// <summary>The largest windows, up to a given one, with which decoding fits into a device's memory.</summary>
    /// <exception cref="PerCoException">There are none; says how much is needed.</exception>
    public static GpuMemoryPlan ForDecoding(PerCoModel model, PerCoFile file, Guidance guidance, int window)
    {
        var backend = (GpuBackend)model.Backend;
        long memory = backend.Hardware.UsableMemory;
        GpuMemoryPlan? plan = null;
        foreach (int candidate in Windows.Where(smaller => smaller < window).Prepend(window))
        {
            plan = Make(model, backend, file, guidance, candidate);
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
        + $"windows of {LatentWindow}");

    private static GpuMemoryPlan Make(
        PerCoModel model, GpuBackend device, PerCoFile file, Guidance guidance, int window)
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
        dry.Vae.Decode(latent).Dispose();
        return new GpuMemoryPlan(backend.WeightBytes, backend.PeakMemory, window);
    }
}
