using System.Globalization;
using PerCo.Engine.Backends;
using PerCo.Engine.Backends.Cpu;
using PerCo.Engine.Diffusion;
using PerCo.Engine.Imaging;
using PerCo.Engine.Tensors;
using PerCo.Engine.Weights;

namespace PerCo.Engine.Codec;

/// <summary>
/// The memory that a picture will take, known before anything is computed: the networks run once on shapes alone.
/// </summary>
/// <param name="Weights">Bytes of the prepared weights.</param>
/// <param name="Activations">Most bytes of the arena at once.</param>
/// <param name="Picture">Bytes of the picture itself, as bytes and as floats.</param>
/// <param name="LatentWindow">Rows and columns of the latent that are denoised at once.</param>
internal sealed record MemoryPlan(long Weights, long Activations, long Picture, int LatentWindow)
{
    /// <summary>The runtime, the program, and the threads' scratch memory.</summary>
    public const long Overhead = 160L << 20;

    private const double Mebi = 1 << 20;

    /// <summary>Smaller windows than the last see too little of the picture.</summary>
    private static readonly int[] Windows = [NoisePredictors.DefaultWindow, 96, 64];

    /// <summary>Bytes of the whole process.</summary>
    public long Total => Overhead + Weights + Activations + Picture;

    /// <summary>Predicts what encoding takes.</summary>
    public static MemoryPlan ForEncoding(PerCoModel model, int width, int height, EncodeOptions options)
    {
        using DryRunBackend backend = CreateBackend(model);
        using PerCoModel dry = PerCoModel.Open(model.Folder.Path, backend);
        if (options.Caption is null)
        {
            dry.Captioner.Caption(new Image(PictureGeometry.MinExtent, PictureGeometry.MinExtent));
        }

        long pixels = (long)width * height;
        if (options.Codes)
        {
            ModelRate rate = dry.Folder.NearestRate(options.BitsPerPixel);
            PictureGeometry geometry = PictureGeometry.Of(width, height, dry.Grid(rate), dry.LatentStride);
            pixels = (long)geometry.PaddedWidth * geometry.PaddedHeight;
            using Tensor image = backend.Allocate(
                new Shape(1, geometry.PaddedHeight, geometry.PaddedWidth, Image.Channels));
            using Tensor latent = dry.Vae.EncodeMean(image);
            dry.HyperEncoder(rate).Encode(latent).Dispose();
        }

        return new MemoryPlan(backend.WeightBytes, backend.PeakMemory, PictureBytes(pixels), 0);
    }

    /// <summary>Predicts what decoding takes with windows of a size.</summary>
    public static MemoryPlan ForDecoding(PerCoModel model, PerCoFile file, Guidance guidance, int window)
    {
        using DryRunBackend backend = CreateBackend(model);
        using PerCoModel dry = PerCoModel.Open(model.Folder.Path, backend);
        ModelRate rate = dry.Rate(file.Grid);
        PictureGeometry geometry = PictureGeometry.Of(file.Width, file.Height, file.Grid, dry.LatentStride);
        TextConditions text = dry.EncodeText(file.Caption);
        Shape latentShape = new(1, geometry.LatentHeight, geometry.LatentWidth, dry.LatentChannels);

        // 1. One step: all others take as much.
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
        return new MemoryPlan(
            backend.WeightBytes, backend.PeakMemory,
            PictureBytes((long)geometry.PaddedWidth * geometry.PaddedHeight), window);
    }

    /// <summary>Checks that a picture can be encoded within a limit, and holds the arena to it.</summary>
    /// <exception cref="PerCoException">It cannot; says how much is needed.</exception>
    public static MemoryPlan RequireForEncoding(
        PerCoModel model, int width, int height, EncodeOptions options, long limit)
    {
        MemoryPlan plan = ForEncoding(model, width, height, options);
        return plan.Total <= limit ? plan.Apply(model, limit) : throw plan.Refuse("Encoding", width, height, limit);
    }

    /// <summary>The largest windows that a file can be decoded with within a limit.</summary>
    /// <exception cref="PerCoException">There are none; says how much is needed.</exception>
    public static MemoryPlan RequireForDecoding(PerCoModel model, PerCoFile file, Guidance guidance, long limit)
    {
        MemoryPlan? plan = null;
        foreach (int window in Windows)
        {
            plan = ForDecoding(model, file, guidance, window);
            if (plan.Total <= limit)
            {
                return plan.Apply(model, limit);
            }
        }

        throw plan!.Refuse("Decoding", file.Width, file.Height, limit);
    }

    /// <summary>The parts, for people.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Total / Mebi:0} MiB (weights {Weights / Mebi:0}, activations {Activations / Mebi:0}, picture "
        + $"{Picture / Mebi:0}, program {Overhead / Mebi:0})");

    private static DryRunBackend CreateBackend(PerCoModel model) => model.Backend is HostBackend
        ? new DryRunBackend(model.Backend is not CpuBackend cpu || cpu.Options.Strict)
        : throw new PerCoException(
            $"Memory can be limited on the CPU only, not on {model.Backend.Name}. Leave the limit out.");

    // Twice as bytes (padded or cropped, and not), once as floats.
    private static long PictureBytes(long pixels) => checked(pixels * Image.Channels * (2 + sizeof(float)));

    private MemoryPlan Apply(PerCoModel model, long limit)
    {
        ((HostBackend)model.Backend).Arena.KeepLimit = limit - (Total - Activations);
        return this;
    }

    private PerCoException Refuse(string what, int width, int height, long limit) => new(string.Create(
        CultureInfo.InvariantCulture,
        $"{what} {width}x{height} pixels takes {this}, more than the limit of {limit / Mebi:0} MiB. Allow more "
        + $"memory, or make the picture smaller."));
}
