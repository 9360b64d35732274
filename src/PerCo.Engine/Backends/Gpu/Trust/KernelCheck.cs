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
    /// <exception cref="PerCoException">The device no longer answers; says since which kernel.</exception>
    public static IReadOnlyList<KernelVerdict> Run(
        GpuBackend backend, Action<Row>? report = null, CheckJournal? journal = null)
    {
        journal ??= new CheckJournal(null);
        using var reference = new ReferenceBackend();
        using var cpu = new CpuBackend(new CpuOptions { Strict = true });
        OpTrial[] large = backend.Device.ComputeUnits > FewUnits ? [.. OpTrials.Large] : [];
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

            verdicts.Add(Check(backend, variant, trials[variant.Op], report, journal));
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
        Action<Row>? report, CheckJournal journal)
    {
        string? failure = null;
        bool hasRun = true;
        foreach ((OpTrial trial, float[] expected) in trials)
        {
            OpTolerance bound = trial.Bound(backend);
            Row row;
            try
            {
                var found = OpDifference.Between(expected, trial.Run(backend, backend.Precision));
                row = new Row(trial, variant.Name, bound, found, null);
                failure ??= found.Within(bound) ? null : KernelVerdict.Describe(trial, found, bound);
            }
            catch (PerCoException error)
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
                + (variant.IsPlain ? "Update the driver, or use --device cpu."
                    : "Start again: that kernel is left out then."), error);
        }
    }
}
