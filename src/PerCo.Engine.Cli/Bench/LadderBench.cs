using PerCo.Engine.Backends;
using PerCo.Engine.Backends.Cpu;
using PerCo.Engine.Backends.Gpu;
using PerCo.Engine.Backends.Trials;
using PerCo.Engine.Cli.Terminal;

namespace PerCo.Engine.Cli.Bench;

/// <summary>Climbs the ladder of matrix products: all results first, and only when all are right the times.</summary>
internal static class LadderBench
{
    private const string Set = "ladder";

    /// <summary>Runs; false where something could not be timed.</summary>
    /// <param name="backend">A GPU.</param>
    /// <param name="quick">Whether small products are timed, in the place of the U-Net's.</param>
    /// <param name="kernel">Text that a rung's name contains; null for all.</param>
    /// <param name="repeats">Runs to take the median of.</param>
    /// <param name="format">How measurements are printed.</param>
    /// <param name="messages">Is told that all results match.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="PerCoException">The backend is no GPU, or a result is wrong: nothing is timed then.</exception>
    public static bool Run(
        Backend backend, bool quick, string? kernel, int repeats, BenchFormat format, Messages messages,
        CancellationToken cancellation)
    {
        if (backend is not GpuBackend gpu)
        {
            throw new PerCoException($"The ladder has kernels for GPUs, and {backend.Name} is none: choose one by "
                + "--device; percoengine devices says what there is.");
        }

        LadderRung[] rungs = [.. KernelLadder.Rungs.Where(rung =>
            kernel is null || rung.Name.Contains(kernel, StringComparison.Ordinal))];
        IReadOnlyList<LinearShape> timed = quick ? KernelLadder.QuickShapes : KernelLadder.UNetShapes;
        OpMeasurement[] rows = Check(gpu, rungs, [.. KernelLadder.OddShapes, .. timed], cancellation);
        messages.Note($"{gpu.Name}: all results match");
        bool passed = true;
        var printer = new OpBenchPrinter(gpu, DeviceCeilings.Measure(gpu), format);
        foreach (OpMeasurement row in Time(gpu, rows[^(rungs.Length * timed.Count)..], repeats, cancellation))
        {
            passed &= row.Passed;
            printer.Add(row);
        }

        printer.End();
        return passed;
    }

    // Shape by shape, the rungs of each in their order.
    private static OpMeasurement[] Check(
        GpuBackend gpu, LadderRung[] rungs, IEnumerable<LinearShape> shapes, CancellationToken cancellation)
    {
        var rows = new List<OpMeasurement>();
        using var reference = new CpuBackend(new CpuOptions { Strict = true });
        foreach (LinearShape shape in shapes)
        {
            float[]? expected = null;
            foreach (LadderRung rung in rungs)
            {
                cancellation.ThrowIfCancellationRequested();
                OpTrial trial = rung.Trial(shape);
                expected ??= trial.Run(reference, gpu.Precision);
                rows.Add(gpu.Lacks(rung.Variant) is { } reason
                    ? new OpMeasurement(Set, trial, rung.Name, null, null, true, null) { Note = $"left out: {reason}" }
                    : OpBench.Check(gpu, Set, trial, rung.Name, expected, gpu.Precision) with { Note = rung.Title });
            }
        }

        return rows.Find(row => !row.Passed) is not { } wrong ? [.. rows] : throw new PerCoException(
            $"{gpu.Name}: {gpu.Device.Name}: {wrong.Kernel} is wrong at {wrong.Trial.Shape} ({wrong.Detail}), one of "
            + $"{rows.Count(row => !row.Passed)} wrong results of {rows.Count}: nothing is timed.");
    }

    private static IEnumerable<OpMeasurement> Time(
        GpuBackend gpu, OpMeasurement[] rows, int repeats, CancellationToken cancellation)
    {
        OpMeasurement? below = null;
        foreach (OpMeasurement row in rows)
        {
            cancellation.ThrowIfCancellationRequested();
            if (row.Error is null)
            {
                yield return row;
                continue;
            }

            OpMeasurement measured = OpBench.Time(gpu, row, repeats);
            yield return measured with
            {
                TimesBelow = below?.Trial.Shape == row.Trial.Shape ? below.Seconds / measured.Seconds : null,
            };
            below = measured;
        }
    }
}
