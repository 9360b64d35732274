using PerCo.Engine.Backends;
using PerCo.Engine.Backends.Cpu;
using PerCo.Engine.Backends.Cpu.Gemm;
using PerCo.Engine.Imaging;
using PerCo.Engine.Tensors;
using PerCo.Engine.Weights;

namespace PerCo.Engine.Codec;

/// <summary>
/// Finds the fastest way to stay within a limit of memory: the networks run on shapes alone, once for each way that is
/// tried. What differs between the ways is, in this order: networks are freed after their stage, convolutions do not
/// keep transformed weights (both give the same bits), weights are rounded to fp16 (unless the caller has chosen a
/// precision), and the latent is denoised in smaller windows. The last two can change pixels: nothing that nobody asked
/// for, so they are not tried for what the system has.
/// </summary>
internal static class MemoryPlanner
{
    /// <summary>The plan for encoding a picture; null where there is no limit, or no network runs.</summary>
    /// <exception cref="PerCoException">There is none; says how much is needed.</exception>
    public static MemoryPlan? ForEncoding(PerCoModel model, int width, int height, EncodeOptions options) =>
        (options.Caption is null || options.Codes)
        && MemoryLimit.For(model, options.MemoryLimit, (long)width * height) is { } limit
            ? model.MemoryPlans.GetOrAdd(
                (width, height, options.Caption is null, options.Codes, options.BitsPerPixel, limit),
                _ => Find(model, limit, [0], way => PlanEncoding(model, width, height, options, limit, way)))
            : null;

    /// <summary>The plan for decoding files as one batch; null where there is no limit.</summary>
    /// <exception cref="PerCoException">There is none; says how much is needed.</exception>
    public static MemoryPlan? ForDecoding(
        PerCoModel model, IReadOnlyList<DecodeRequest> requests, DecodeOptions options)
    {
        PerCoFile first = requests[0].File;
        return MemoryLimit.For(
            model, options.MemoryLimit, (long)first.Width * first.Height * requests.Count) is { } limit
            ? model.MemoryPlans.GetOrAdd(
                (DrawingSettings.Of(model, first, options), requests.Count, limit),
                _ => Find(
                    model, limit, WindowsFor(model, first), way => PlanDecoding(model, requests, options, limit, way)))
            : null;
    }

    private static MemoryPlan Find(PerCoModel model, MemoryLimit limit, int[] windows, Func<Way, MemoryPlan> plan)
    {
        WeightPlan own = OwnWeights(model);
        bool mayRound = !limit.IsSystems && own.Precision == WeightPrecision.Auto
            && model.Backend is CpuBackend { Options.Strict: false };
        WeightPrecision[] precisions = mayRound ? [own.Precision, WeightPrecision.Fp16] : [own.Precision];
        MemoryPlan? least = null;
        foreach (int window in limit.IsSystems ? windows[..1] : windows)
        {
            foreach (WeightPrecision precision in precisions)
            {
                var way = new Way(window, own with { Precision = precision }, KeepsNetworks: true);
                foreach (MemoryPlan candidate in Candidates(way, plan))
                {
                    if (candidate.Fits)
                    {
                        return candidate with { IsUsual = least is null };
                    }

                    least = least is null || candidate.Least < least.Least ? candidate : least;
                }
            }
        }

        throw least!.Refusal();
    }

    // As fast as can be; then with networks freed; then with as many transformed weights as there is room for.
    private static IEnumerable<MemoryPlan> Candidates(Way way, Func<Way, MemoryPlan> plan)
    {
        yield return plan(way);
        way = way with { KeepsNetworks = false };
        yield return plan(way);
        MemoryPlan none = plan(way.WithTransformedMemory(0));
        for (long room = none.Limit.Bytes - none.Least; room > 1 << 20; room /= 2)
        {
            yield return plan(way.WithTransformedMemory(room));
        }

        yield return none;
    }

    private static MemoryPlan PlanEncoding(
        PerCoModel model, int width, int height, EncodeOptions options, MemoryLimit limit, Way way)
    {
        using var run = new DryRun(model, way);
        PerCoModel dry = run.Model;
        if (options.Caption is null)
        {
            run.Stage(CodecStage.Caption, () => DryStages.Caption(dry));
        }

        long pixels = (long)width * height;
        if (options.Codes)
        {
            ModelRate rate = dry.Folder.NearestRate(options.BitsPerPixel);
            CodeGrid grid = dry.Grid(rate);
            pixels = PictureGeometry.Of(width, height, grid, dry.LatentStride).PaddedPixels;
            using Tensor latent = run.Stage(CodecStage.Latent, () => DryStages.Latent(dry, width, height, grid));
            run.Stage(CodecStage.Codes, () => dry.Networks.HyperEncoder(rate).Encode(latent)).Dispose();
        }

        return run.Plan($"Encoding {width}x{height} pixels", pictures: 1, limit, pixels);
    }

    private static MemoryPlan PlanDecoding(
        PerCoModel model, IReadOnlyList<DecodeRequest> requests, DecodeOptions options, MemoryLimit limit, Way way)
    {
        using var run = new DryRun(model, way);
        PerCoModel dry = run.Model;
        PerCoFile first = requests[0].File;
        DrawingSettings settings = DrawingSettings.Of(dry, first, options);
        using Tensor local = run.Stage(CodecStage.Codes, () => PerCoDecoder.LookUp(dry, requests, settings));
        TextConditions text = run.Stage(CodecStage.Text, () => PerCoDecoder.EncodeTexts(dry, requests));
        run.Stage(CodecStage.Denoise, () => DryStages.Step(dry, settings, local, text, requests.Count, way.Window));
        run.Stage(CodecStage.Picture, () => DryStages.Paint(dry, settings));
        string pictures = requests.Count == 1 ? "" : $"{requests.Count} pictures of ";
        return run.Plan(
            $"Decoding {pictures}{first.Width}x{first.Height} pixels", requests.Count, limit,
            settings.Geometry.PaddedPixels * requests.Count);
    }

    private static int[] WindowsFor(PerCoModel model, PerCoFile file)
    {
        PictureGeometry geometry = PictureGeometry.Of(file.Width, file.Height, file.Grid, model.LatentStride);
        int extent = Math.Max(geometry.LatentHeight, geometry.LatentWidth);
        return [NoisePredictors.DefaultWindow, .. NoisePredictors.SmallerWindows.Where(window => window < extent)];
    }

    private static WeightPlan OwnWeights(PerCoModel model) => model.Backend switch
    {
        CpuBackend cpu => cpu.Options.WeightPlan,
        HostBackend => new WeightPlan(WeightPrecision.Fp32, 0),
        _ => throw new PerCoException(
            $"Memory can be limited on the CPU only, not on {model.Backend.Name}. Leave the limit out."),
    };

    /// <summary>One way to work on a picture.</summary>
    private readonly record struct Way(int Window, WeightPlan Weights, bool KeepsNetworks)
    {
        public Way WithTransformedMemory(long bytes) => this with
        {
            Weights = Weights with { TransformedMemory = Math.Min(bytes, Weights.TransformedMemory) },
        };
    }

    /// <summary>A model on shapes alone, stage by stage.</summary>
    private sealed class DryRun : IDisposable
    {
        private readonly List<StageMemory> _stages = [];
        private readonly CpuDryRun _backend;
        private readonly Way _way;

        public DryRun(PerCoModel model, Way way)
        {
            _way = way;
            var cpu = model.Backend as CpuBackend;
            _backend = new CpuDryRun(
                cpu?.Kernels ?? GemmKernels.For(InstructionSet.Vector128), cpu?.Pool.Threads ?? 1, way.Weights,
                cpu?.Options.Strict ?? true);
            Model = PerCoModel.Open(model.Folder.Path, _backend);
        }

        public PerCoModel Model { get; }

        public void Stage(CodecStage stage, Action work) => Stage(stage, () =>
        {
            work();
            return 0;
        });

        public T Stage<T>(CodecStage stage, Func<T> work)
        {
            _backend.ResetPeak();
            T result = work();
            _stages.Add(new StageMemory(stage, _backend.PeakWeightBytes, _backend.PeakMemory));
            if (!_way.KeepsNetworks)
            {
                Model.Networks.Release();
            }

            return result;
        }

        public MemoryPlan Plan(string work, int pictures, MemoryLimit limit, long pixels) => new(
            work, pictures, limit, _stages, PictureBytes(pixels), _way.Window, _way.Weights, _way.KeepsNetworks,
            _backend.KeptConvs, _backend.TransientConvs);

        public void Dispose()
        {
            Model.Dispose();
            _backend.Dispose();
        }

        // Three times as bytes (padded or cropped, not, and in the file), once as floats.
        private static long PictureBytes(long pixels) => checked(pixels * Image.Channels * (3 + sizeof(float)));
    }
}
