using System.Globalization;
using PerCo.Engine.Backends.Gpu;
using PerCo.Engine.Tensors;
using PerCo.Engine.Weights;

namespace PerCo.Engine.Codec;

/// <summary>
/// Finds the fastest way to stay within a device's memory: the networks run on shapes alone, once for each way that is
/// tried. Where the whole does not fit, pictures are worked on in bands of rows, then latents denoised in smaller
/// windows.
/// </summary>
internal static class GpuMemoryPlanner
{
    private const double Mebi = 1 << 20;

    /// <summary>Large enough to fill a device, small beside a picture for which bands are a matter.</summary>
    private const long ScarceBandBytes = 64 << 20;

    private static readonly long[] Bands = [GpuBackend.DefaultBandBytes, ScarceBandBytes];

    /// <summary>
    /// The fastest way in which decoding a batch fits into a device's memory: all at once, then in bands, then in ever
    /// smaller windows.
    /// </summary>
    /// <exception cref="PerCoException">There are none; says how much is needed.</exception>
    public static GpuMemoryPlan ForDecoding(
        PerCoModel model, IReadOnlyList<DecodeRequest> requests, DrawingSettings settings, int window) =>
        ForDecoding(model, requests, settings, window, UsableMemory(model));

    /// <summary>As the other, for so many bytes of memory.</summary>
    internal static GpuMemoryPlan ForDecoding(
        PerCoModel model, IReadOnlyList<DecodeRequest> requests, DrawingSettings settings, int window, long memory)
    {
        using var run = new DryRun(model);
        int pictures = requests.Count;
        return Fitting(Candidates(window).Select(Plan), memory) ?? throw Refusal(
            model, memory, "decoding", Plan((NoisePredictors.SmallerWindows[^1], ScarceBandBytes)), pictures);

        GpuMemoryPlan Plan((int Window, long BandBytes) way) =>
            run.Decoding(settings, pictures, way.Window, way.BandBytes);
    }

    /// <summary>
    /// How many pictures, up to a number, are drawn at once without being cut into smaller windows for it; at least 1.
    /// </summary>
    public static int LargestBatch(PerCoModel model, DrawingSettings settings, int window, int most) =>
        LargestBatch(model, settings, window, most, UsableMemory(model));

    /// <summary>As the other, for so many bytes of memory.</summary>
    internal static int LargestBatch(PerCoModel model, DrawingSettings settings, int window, int most, long memory)
    {
        using var run = new DryRun(model);
        int pictures = most;
        while (pictures > 1 && run.Decoding(settings, pictures, window, ScarceBandBytes).Total > memory)
        {
            pictures--;
        }

        return pictures;
    }

    /// <summary>The fastest way in which encoding fits into a device's memory: all at once, then in bands.</summary>
    /// <exception cref="PerCoException">There are none; says how much is needed.</exception>
    public static GpuMemoryPlan ForEncoding(PerCoModel model, int width, int height, EncodeOptions options) =>
        ForEncoding(model, width, height, options, UsableMemory(model));

    /// <summary>As the other, for so many bytes of memory.</summary>
    internal static GpuMemoryPlan ForEncoding(
        PerCoModel model, int width, int height, EncodeOptions options, long memory)
    {
        using var run = new DryRun(model);
        return Fitting(Bands.Select(Plan), memory) ?? throw Refusal(
            model, memory, "encoding", Plan(ScarceBandBytes), pictures: 1);

        GpuMemoryPlan Plan(long bandBytes) => run.Encoding(width, height, options, bandBytes);
    }

    private static IEnumerable<(int Window, long BandBytes)> Candidates(int window) =>
    [
        .. Bands.Select(bandBytes => (window, bandBytes)),
        .. NoisePredictors.SmallerWindows.Where(smaller => smaller < window)
            .Select(smaller => (smaller, ScarceBandBytes)),
    ];

    private static GpuMemoryPlan? Fitting(IEnumerable<GpuMemoryPlan> plans, long memory) =>
        plans.FirstOrDefault(plan => plan.Total <= memory);

    private static PerCoException Refusal(
        PerCoModel model, long memory, string verb, GpuMemoryPlan least, int pictures) =>
        new(string.Create(
            CultureInfo.InvariantCulture,
            $"{model.Backend.Name}: {verb} {least}, the device has {memory / Mebi:0} MiB. Try "
            + $"{(pictures > 1 ? "fewer pictures at once, " : "")}fp16, a smaller picture, or the CPU."))
        {
            Remedies = pictures > 1 ? [Remedy.FewerPictures, Remedy.Fp16, Remedy.Cpu] : [Remedy.Fp16, Remedy.Cpu],
        };

    private static long UsableMemory(PerCoModel model)
    {
        var gpu = (GpuBackend)model.Backend;
        return gpu.Hardware.UsableMemory - gpu.ProductScratch;
    }

    /// <summary>
    /// Measures plans by a model on shapes alone. What was measured is kept with the model, and the dry model opened
    /// only for what was not: that takes as long as some steps do on a GPU.
    /// </summary>
    private sealed class DryRun(PerCoModel model) : IDisposable
    {
        private readonly Lazy<GpuDryRun> _backend = new(
            () => new GpuDryRun(((GpuBackend)model.Backend).ElementSize));

        private PerCoModel? _dry;

        public GpuMemoryPlan Decoding(DrawingSettings settings, int pictures, int window, long bandBytes) =>
            model.GpuPlans.GetOrAdd((settings, pictures, window, bandBytes), _ =>
            {
                PerCoModel dry = Dry();
                PictureGeometry geometry = settings.Geometry;
                using Tensor local = _backend.Value.Allocate(new Shape(
                    pictures, Cells(geometry.PaddedHeight), Cells(geometry.PaddedWidth),
                    dry.Networks.UNet(settings.Rate).LocalChannels));
                DryStages.Step(dry, settings, local, dry.Text.Encode(""), pictures, window);
                dry.Networks.Vae.BandBytes = bandBytes;
                DryStages.Paint(dry, settings);
                string size = $"{geometry.PaddedWidth}x{geometry.PaddedHeight} pixels";
                return Plan(pictures == 1 ? size : $"{pictures} pictures of {size}", window, bandBytes);

                int Cells(int extent) => settings.Grid.HasCodes ? extent / settings.Grid.Stride : 1;
            });

        public GpuMemoryPlan Encoding(int width, int height, EncodeOptions options, long bandBytes) =>
            model.GpuPlans.GetOrAdd(
                (width, height, options.Caption is null, options.Codes, options.BitsPerPixel, bandBytes), _ =>
                {
                    PerCoModel dry = Dry();
                    if (options.Caption is null)
                    {
                        DryStages.Caption(dry);
                    }

                    if (options.Codes)
                    {
                        dry.Networks.Vae.BandBytes = bandBytes;
                        ModelRate rate = dry.Folder.NearestRate(options.BitsPerPixel);
                        using Tensor latent = DryStages.Latent(dry, width, height, dry.Grid(rate));
                        dry.Networks.HyperEncoder(rate).Encode(latent).Dispose();
                    }

                    return Plan($"{width}x{height} pixels", 0, bandBytes);
                });

        public void Dispose()
        {
            _dry?.Dispose();
            if (_backend.IsValueCreated)
            {
                _backend.Value.Dispose();
            }
        }

        private PerCoModel Dry()
        {
            _dry ??= PerCoModel.Open(model.Folder.Path, _backend.Value);
            _backend.Value.ResetPeak();
            return _dry;
        }

        private GpuMemoryPlan Plan(string work, int window, long bandBytes) =>
            new(work, _backend.Value.WeightBytes, _backend.Value.PeakMemory, window, bandBytes);
    }
}
