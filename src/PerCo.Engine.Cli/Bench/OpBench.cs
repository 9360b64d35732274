using System.Globalization;
using PerCo.Engine.Backends;
using PerCo.Engine.Backends.Cpu;
using PerCo.Engine.Backends.Gpu;
using PerCo.Engine.Backends.Gpu.Trust;
using PerCo.Engine.Backends.Trials;
using PerCo.Engine.Cli.Terminal;

namespace PerCo.Engine.Cli.Bench;

/// <summary>Compares and times the trials on a backend, with each kernel that it can use.</summary>
internal static class OpBench
{
    // Seconds after which a slow case is not repeated.
    private const double Budget = 2;

    /// <summary>Runs; false where a result was wrong.</summary>
    public static bool Run(
        Backend backend, OpBenchOptions options, BenchFormat format, Messages messages, CancellationToken cancellation)
    {
        GpuPrecision precision = backend is GpuBackend { Precision: var stored } ? stored : GpuPrecision.Fp32;
        DeviceCeilings? ceilings = DeviceCeilings.Measure(backend);
        var printer = new OpBenchPrinter(backend, ceilings, format);
        using Backend reference = Reference(backend);
        bool passed = true;
        foreach ((string set, IReadOnlyList<OpTrial> trials) in OpTrials.Sets)
        {
            foreach (OpTrial trial in trials.Where(trial => options.Sets.Contains(set)
                && (options.Ops.Count == 0 || options.Ops.Contains(trial.Op))))
            {
                float[]? expected = null;
                foreach (KernelVariant? variant in Variants(backend, trial, options.Kernel))
                {
                    cancellation.ThrowIfCancellationRequested();
                    expected ??= trial.Run(reference, precision);
                    if (Measure(backend, set, trial, variant, expected, precision, options.Repeats) is not { } row)
                    {
                        messages.Detail($"{variant} does not take {trial.Shape}");
                        continue;
                    }

                    passed &= row.Passed;
                    printer.Add(row);
                    messages.Detail($"{row.Kernel} {trial.Shape}: {row.Detail ?? "as expected"}");
                }

                foreach (ProductEstimate estimate in Tilings(backend, trial, options, precision))
                {
                    cancellation.ThrowIfCancellationRequested();
                    expected ??= trial.Run(reference, precision);
                    using var only = new OnlyTiling((GpuBackend)backend, _ => estimate.Tiling);
                    OpMeasurement row = Measure(
                        backend, set, trial, estimate.Tiling.ToString(), expected, precision, options.Repeats)
                        with { Estimate = estimate.Nanoseconds / 1e9 };
                    passed &= row.Passed;
                    printer.Add(row);
                }
            }
        }

        printer.End();
        return printer.Any ? passed
            : throw new PerCoException("Nothing was timed. Do --set, --op and --kernel go together, on this device?");
    }

    // Null where the variant does not take the operands, and another one has computed.
    private static OpMeasurement? Measure(
        Backend backend, string set, OpTrial trial, KernelVariant? variant, float[] expected, GpuPrecision precision,
        int repeats)
    {
        if (variant is null)
        {
            return Measure(backend, set, trial, KernelCheck.KernelName(trial.Op), expected, precision, repeats);
        }

        var gpu = (GpuBackend)backend;
        using var only = new OnlyVariant(gpu, variant);
        gpu.Programs = new HashSet<string>();
        OpMeasurement row = Check(backend, set, trial, variant.Name, expected, precision);
        bool isTaken = !row.Passed || gpu.Programs.Contains(variant.Name);
        gpu.Programs = null;
        return isTaken ? Time(backend, row, repeats) : null;
    }

    private static OpMeasurement Measure(
        Backend backend, string set, OpTrial trial, string kernel, float[] expected, GpuPrecision precision,
        int repeats) =>
        Time(backend, Check(backend, set, trial, kernel, expected, precision), repeats);

    /// <summary>Compares a result, and times nothing.</summary>
    public static OpMeasurement Check(
        Backend backend, string set, OpTrial trial, string kernel, float[] expected, GpuPrecision precision)
    {
        try
        {
            var found = OpDifference.Between(expected, trial.Run(backend, precision));
            OpTolerance bound = trial.Bound(backend);
            bool passed = found.Within(bound);
            string? detail = passed ? null : string.Create(
                CultureInfo.InvariantCulture,
                $"error {found.Normalised:0.0e+00} beyond {bound.Normalised:0.0e+00}, or {found.Worst:0.0e+00} beyond "
                + $"{bound.Worst:0.0e+00}");
            return new OpMeasurement(set, trial, kernel, found.Normalised, null, passed, detail);
        }
        catch (PerCoException error)
        {
            return new OpMeasurement(set, trial, kernel, null, null, false, error.Message.ReplaceLineEndings(" "));
        }
    }

    /// <summary>Times what was right.</summary>
    public static OpMeasurement Time(Backend backend, OpMeasurement row, int repeats)
    {
        try
        {
            return row.Passed ? row with { Seconds = OpTimer.Seconds(backend, row.Trial, repeats, Budget) } : row;
        }
        catch (PerCoException error)
        {
            return row with { Passed = false, Detail = error.Message.ReplaceLineEndings(" ") };
        }
    }

    // A CPU is compared with itself in the order of sums that all CPUs share.
    private static CpuBackend Reference(Backend backend) => new(backend is CpuBackend
        ? new CpuOptions { Strict = true, InstructionSet = InstructionSet.Vector128 }
        : new CpuOptions { Strict = true });

    // An op without variants has one entry, null.
    private static KernelVariant?[] Variants(Backend backend, OpTrial trial, string? text)
    {
        KernelVariant[] variants = backend is GpuBackend gpu
            ? [.. KernelVariants.All.Where(v => v.Op == trial.Op && gpu.Lacks(v) is null)]
            : [];
        bool named = text is null || KernelCheck.KernelName(trial.Op).Contains(text, StringComparison.Ordinal);
        return variants.Length > 0
            ? [.. variants.Where(variant => text is null || variant.Name.Contains(text, StringComparison.Ordinal))]
            : named ? (KernelVariant?[])[null] : [];
    }

    // The ways to cut a trial's product into tiles; none where its op has no kernel for tensor cores.
    private static IReadOnlyList<ProductEstimate> Tilings(
        Backend backend, OpTrial trial, OpBenchOptions options, GpuPrecision precision)
    {
        IReadOnlyList<ProductEstimate> all = [];
        if (backend is not GpuBackend gpu || !options.Tilings)
        {
            return all;
        }

        using var only = new OnlyTiling(gpu, estimates =>
        {
            all = estimates;
            return ProductTiling.Fastest(estimates);
        });
        trial.Run(backend, precision);
        return [.. all.Where(estimate => options.Kernel is null
            || estimate.Tiling.Kernel.Contains(options.Kernel, StringComparison.Ordinal))];
    }

    /// <summary>Makes a backend choose tiles in a way of its own, and afterwards as before.</summary>
    private sealed class OnlyTiling : IDisposable
    {
        private readonly GpuBackend _backend;

        public OnlyTiling(GpuBackend backend, Func<IReadOnlyList<ProductEstimate>, ProductTiling> choice)
        {
            _backend = backend;
            backend.TilingChoice = choice;
        }

        public void Dispose() => _backend.TilingChoice = null;
    }
}
