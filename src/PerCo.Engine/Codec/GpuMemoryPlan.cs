using System.Globalization;
using PerCo.Engine.Backends.Gpu;
using PerCo.Engine.Tensors;
using PerCo.Engine.Weights;

namespace PerCo.Engine.Codec;

/// <summary>
/// The device memory that a picture will take, known before anything is computed; latents are denoised in smaller
/// windows, and pictures worked on in bands of rows, where the whole would not fit.
/// </summary>
/// <param name="Work">What is planned, for people: "768x512 pixels".</param>
/// <param name="Weights">Bytes of the prepared weights.</param>
/// <param name="Activations">Most bytes of the arena at once.</param>
/// <param name="LatentWindow">Rows and columns of the latent that are denoised at once; 0 where none are.</param>
/// <param name="BandBytes">Size of the autoencoder's bands of rows; 0 for none.</param>
internal sealed record GpuMemoryPlan(
    string Work, long Weights, long Activations, int LatentWindow, long BandBytes)
{
    private const double Mebi = 1 << 20;

    /// <summary>Smaller windows than the last see too little of the picture.</summary>
    private static readonly int[] Windows = [96, 64];

    /// <summary>Large enough to fill a device, small beside a picture for which bands are a matter.</summary>
    private const long ScarceBandBytes = 64 << 20;

    private static readonly long[] Bands = [GpuBackend.DefaultBandBytes, ScarceBandBytes];

    /// <summary>Bytes of both.</summary>
    public long Total => Weights + Activations;

    /// <summary>
    /// The fastest way in which decoding a batch fits into a device's memory: all at once, then in bands, then in ever
    /// smaller windows.
    /// </summary>
    /// <exception cref="PerCoException">There are none; says how much is needed.</exception>
    public static GpuMemoryPlan ForDecoding(
        PerCoModel model, IReadOnlyList<DecodeRequest> requests, DrawingSettings settings, int window) =>
        model.GpuPlans.GetOrAdd(
            (settings, requests.Count, window),
            _ => ForDecoding(model, requests, settings, window, UsableMemory(model)));

    /// <summary>As the other, for so many bytes of memory.</summary>
    internal static GpuMemoryPlan ForDecoding(
        PerCoModel model, IReadOnlyList<DecodeRequest> requests, DrawingSettings settings, int window, long memory)
    {
        using var run = new DryRun(model);
        string work = (requests.Count == 1 ? "" : $"{requests.Count} pictures of ") + Size(settings.Geometry);
        return Fitting(
            Candidates(window).Select(way => run.Decoding(work, settings, requests.Count, way.Window, way.BandBytes)),
            memory)
            ?? throw Refusal(
                model, memory, "decoding",
                run.Decoding(work, settings, requests.Count, Windows[^1], ScarceBandBytes),
                (requests.Count > 1 ? "fewer pictures at once (--batch), " : "") + "--precision fp16, a smaller "
                + "picture, or --device cpu");
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
        while (pictures > 1 && run.Decoding("", settings, pictures, window, ScarceBandBytes).Total > memory)
        {
            pictures--;
        }

        return pictures;
    }

    /// <summary>The fastest way in which encoding fits into a device's memory: all at once, then in bands.</summary>
    /// <exception cref="PerCoException">There are none; says how much is needed.</exception>
    public static GpuMemoryPlan ForEncoding(PerCoModel model, int width, int height, EncodeOptions options) =>
        model.GpuPlans.GetOrAdd(
            (width, height, options.Caption is null, options.Codes, options.BitsPerPixel),
            _ => ForEncoding(model, width, height, options, UsableMemory(model)));

    /// <summary>As the other, for so many bytes of memory.</summary>
    internal static GpuMemoryPlan ForEncoding(
        PerCoModel model, int width, int height, EncodeOptions options, long memory)
    {
        using var run = new DryRun(model);
        string work = $"{width}x{height} pixels";
        return Fitting(Bands.Select(bandBytes => run.Encoding(work, width, height, options, bandBytes)), memory)
            ?? throw Refusal(
                model, memory, "encoding", run.Encoding(work, width, height, options, ScarceBandBytes),
                "--precision fp16, a smaller picture, or --device cpu");
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Work} takes {Total / Mebi:0} MiB of device memory (weights {Weights / Mebi:0}, activations "
        + $"{Activations / Mebi:0}){(LatentWindow > 0 ? $", windows of {LatentWindow}" : "")}"
        + $"{(BandBytes > 0 ? $", bands of {BandBytes / Mebi:0} MiB" : "")}");

    private static IEnumerable<(int Window, long BandBytes)> Candidates(int window) =>
    [
        .. Bands.Select(bandBytes => (window, bandBytes)),
        .. Windows.Where(smaller => smaller < window).Select(smaller => (smaller, ScarceBandBytes)),
    ];

    private static GpuMemoryPlan? Fitting(IEnumerable<GpuMemoryPlan> plans, long memory) =>
        plans.FirstOrDefault(plan => plan.Total <= memory);

    private static PerCoException Refusal(
        PerCoModel model, long memory, string verb, GpuMemoryPlan least, string advice) =>
        new(string.Create(
            CultureInfo.InvariantCulture,
            $"{model.Backend.Name}: {verb} {least}, the device has {memory / Mebi:0} MiB. Try {advice}."));

    private static long UsableMemory(PerCoModel model) => ((GpuBackend)model.Backend).Hardware.UsableMemory;

    private static string Size(PictureGeometry geometry) =>
        $"{geometry.PaddedWidth}x{geometry.PaddedHeight} pixels";

    /// <summary>A model on shapes alone; what was found out about a stage is not computed again.</summary>
    private sealed class DryRun : IDisposable
    {
        private readonly GpuDryRun _backend;
        private readonly PerCoModel _model;
        private readonly Dictionary<(int Window, int Pictures), long> _steps = [];
        private readonly Dictionary<long, long> _pictures = [];

        public DryRun(PerCoModel model)
        {
            _backend = new GpuDryRun(((GpuBackend)model.Backend).ElementSize);
            _model = PerCoModel.Open(model.Folder.Path, _backend);
        }

        public GpuMemoryPlan Decoding(string work, DrawingSettings settings, int pictures, int window, long bandBytes)
        {
            long step = Peak(_steps, (window, pictures), () =>
            {
                PictureGeometry geometry = settings.Geometry;
                using Tensor local = _backend.Allocate(new Shape(
                    pictures, Cells(geometry.PaddedHeight), Cells(geometry.PaddedWidth),
                    _model.UNet(settings.Rate).LocalChannels));
                DryStages.Step(_model, settings, local, _model.EncodeText(""), pictures, window);

                int Cells(int extent) => settings.Grid.HasCodes ? extent / settings.Grid.Stride : 1;
            });
            long picture = Peak(_pictures, bandBytes, () =>
            {
                _model.Vae.BandBytes = bandBytes;
                DryStages.Paint(_model, settings);
            });
            return new GpuMemoryPlan(work, _backend.WeightBytes, Math.Max(step, picture), window, bandBytes);
        }

        public GpuMemoryPlan Encoding(string work, int width, int height, EncodeOptions options, long bandBytes)
        {
            long activations = Peak(_pictures, bandBytes, () =>
            {
                if (options.Caption is null)
                {
                    DryStages.Caption(_model);
                }

                if (options.Codes)
                {
                    _model.Vae.BandBytes = bandBytes;
                    ModelRate rate = _model.Folder.NearestRate(options.BitsPerPixel);
                    using Tensor latent = DryStages.Latent(_model, width, height, _model.Grid(rate));
                    _model.HyperEncoder(rate).Encode(latent).Dispose();
                }
            });
            return new GpuMemoryPlan(work, _backend.WeightBytes, activations, 0, bandBytes);
        }

        public void Dispose()
        {
            _model.Dispose();
            _backend.Dispose();
        }

        private long Peak<TKey>(Dictionary<TKey, long> known, TKey key, Action work)
            where TKey : notnull
        {
            if (!known.TryGetValue(key, out long peak))
            {
                _backend.ResetPeak();
                work();
                known[key] = peak = _backend.PeakMemory;
            }

            return peak;
        }
    }
}
