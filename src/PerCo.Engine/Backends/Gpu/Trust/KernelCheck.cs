using PerCo.Engine.Backends.Cpu;
using PerCo.Engine.Backends.Reference;
using PerCo.Engine.Backends.Trials;
using PerCo.Engine.Tensors;

namespace PerCo.Engine.Backends.Gpu.Trust;

/// <summary>
/// Runs the short trials of every op with each of its kernels on a device, and compares them with the reference: a
/// driver or a device that computes wrong results is found before it draws a picture. Plain kernels come first: one
/// that breaks the device must not take those with it that would have been right.
/// </summary>
internal static class KernelCheck
{
    // Up to so many, the short trials already have a tile for each.
    private const int FewUnits = 8;

    // Fast kernels synchronise by hand, and a race shows rarely. No kernel adds in an order that may change.
    private const int Repetitions = 20;

    // A trial takes milliseconds; the first launch of a kernel on PoCL may build for 20 s. Without an end to the wait,
    // a kernel that hangs would take the program along.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>One comparison, for reports.</summary>
    /// <param name="Trial">The op and its operands.</param>
    /// <param name="Kernel">The kernel that was used.</param>
    /// <param name="Bound">The bounds.</param>
    /// <param name="Found">The difference; null where the kernel did not run.</param>
    /// <param name="Error">Why it did not run.</param>
    public sealed record Row(OpTrial Trial, string Kernel, OpTolerance Bound, OpDifference? Found, string? Error);

    /// <summary>Checks all kernels. Afterwards the backend uses the faster ones that have passed.</summary>
    /// <param name="backend">The device.</param>
    /// <param name="report">Is told each comparison.</param>
    /// <param name="journal">Knows kernels whose check did not end, and is told which one is checked.</param>
    /// <param name="patience">
    /// Completes when a trial that has just begun takes too long; two minutes where null.
    /// </param>
    /// <exception cref="PerCoException">The device no longer answers; says since which kernel.</exception>
    public static IReadOnlyList<KernelVerdict> Run(
        GpuBackend backend, Action<Row>? report = null, CheckJournal? journal = null, Func<Task>? patience = null)
    {
        journal ??= new CheckJournal(null);
        patience ??= () => Task.Delay(Patience);
        using var reference = new ReferenceBackend();
        using var cpu = new CpuBackend(new CpuOptions { Strict = true });
        int units = backend.Device.ComputeUnits;
        OpTrial[] large = units > FewUnits ? [.. OpTrials.Large(units)] : [];
        var trials = OpTrials.Short.GroupBy(trial => trial.Op).ToDictionary(
            op => op.Key,
            op => (IReadOnlyList<(OpTrial Trial, float[] Expected)>)
            [
                .. op.Select(trial => (trial, trial.Run(reference, backend.Precision))),
                .. large.Where(trial => trial.Op == op.Key).Select(trial => (trial, trial.Run(cpu, backend.Precision))),
            ]);
        var verdicts = new List<KernelVerdict>();
        foreach (KernelVariant variant in OpTrials.Ops.SelectMany(Variants).OrderBy(variant => variant.IsPlain ? 0 : 1)
            .Where(variant => backend.Lacks(variant) is null))
        {
            foreach (KernelVariant other in KernelVariants.All)
            {
                backend.Exclude(other);
            }

            backend.Trust(variant);
            if (journal.Distrusts(variant.Name))
            {
                verdicts.Add(new KernelVerdict(
                    variant.Op, variant.Name, variant.IsPlain, "its check did not come to an end before"));
                continue;
            }

            if (!variant.IsPlain)
            {
                journal.Begin(variant.Name);
            }

            verdicts.Add(Check(backend, variant, trials[variant.Op], report, journal, patience));
            journal.End();
        }

        return [.. verdicts.OrderBy(verdict => OpTrials.Ops.ToList().IndexOf(verdict.Op))];
    }

    /// <summary>The kernels of an op, the fastest first.</summary>
    public static IReadOnlyList<KernelVariant> Variants(string op) =>
        KernelVariants.All.Where(variant => variant.Op == op).ToArray() is { Length: > 0 } several ? several
            : [new KernelVariant(op, KernelName(op), KernelNeed.Nothing, "everything")];

    /// <summary>The program of an op that has one kernel: GroupNorm → group_norm.</summary>
    public static string KernelName(string op) => string.Concat(op.Select((letter, i) =>
        char.IsUpper(letter) ? (i > 0 ? "_" : "") + char.ToLowerInvariant(letter) : letter.ToString()));

    private static KernelVerdict Check(
        GpuBackend backend, KernelVariant variant, IReadOnlyList<(OpTrial Trial, float[] Expected)> trials,
        Action<Row>? report, CheckJournal journal, Func<Task> patience)
    {
        // A race needs several groups at work; on a processor a group is done before the next one begins.
        int repetitions = variant.IsPlain || backend.Device.IsCpu ? 1 : Repetitions;
        string? failure = null;
        bool hasRun = true;
        foreach ((OpTrial trial, float[] expected) in trials)
        {
            OpTolerance bound = trial.Bound(backend);
            Row row;
            try
            {
                Task<OpRuns> running = Task.Factory.StartNew(
                    () => trial.RunRepeatedly(backend, backend.Precision, repetitions), CancellationToken.None,
                    TaskCreationOptions.LongRunning, TaskScheduler.Default);
                if (Task.WaitAny(running, patience()) != 0)
                {
                    throw Hanging(backend, variant, trial, journal);
                }

                OpRuns runs = running.GetAwaiter().GetResult();
                var found = OpDifference.Between(expected, runs.Result);
                row = new Row(trial, variant.Name, bound, found, null);
                failure ??= !found.Within(bound) ? KernelVerdict.Describe(trial, found, bound)
                    : runs.Differing > 0 ? $"{trial}: {runs.Differing} of {repetitions} results differ from the first"
                    : null;
            }
            catch (PerCoException error) when (!backend.Hardware.IsAbandoned)
            {
                row = new Row(trial, variant.Name, bound, null, error.Message.ReplaceLineEndings(" "));
                failure ??= $"{trial}: {row.Error}";
                hasRun = false;
                RefuseWhereBroken(backend, variant, row, journal);
            }

            report?.Invoke(row);
        }

        return new KernelVerdict(variant.Op, variant.Name, variant.IsPlain, failure, hasRun);
    }

    // Nothing can end the kernel, and whatever asks the driver for something waits for it.
    private static PerCoException Hanging(
        GpuBackend backend, KernelVariant variant, OpTrial trial, CheckJournal journal)
    {
        backend.Hardware.Abandon();
        if (!variant.IsPlain)
        {
            journal.Accuse(variant.Name);
        }

        return new PerCoException(
            $"{backend.Name}: {backend.Device.Name}: kernel {variant.Name} does not come to an end with {trial}. "
            + NextStep(variant)) { Remedies = Remedies(variant) };
    }

    private static string NextStep(KernelVariant variant) => variant.IsPlain
        ? "Update the driver, or use the CPU." : "Start again: that kernel is left out then.";

    private static Remedy[] Remedies(KernelVariant variant) => variant.IsPlain ? [Remedy.Cpu] : [];

    // After some errors of a kernel the driver answers nothing any more, and all other kernels would seem wrong.
    private static void RefuseWhereBroken(GpuBackend backend, KernelVariant variant, Row row, CheckJournal journal)
    {
        try
        {
            backend.Hardware.Finish();
        }
        catch (PerCoException error)
        {
            if (!variant.IsPlain)
            {
                journal.Accuse(variant.Name);
            }

            throw new PerCoException(
                $"{backend.Name}: {backend.Device.Name}: the device no longer answers since kernel {variant.Name} ran "
                + $"{row.Trial} ({row.Error}). "
                + NextStep(variant), error) { Remedies = Remedies(variant) };
        }
    }
}
