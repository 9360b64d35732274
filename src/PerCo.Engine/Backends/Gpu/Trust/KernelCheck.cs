using PerCo.Engine.Backends.Cpu;
using PerCo.Engine.Backends.Reference;
using PerCo.Engine.Backends.Trials;
using PerCo.Engine.Tensors;

namespace PerCo.Engine.Backends.Gpu.Trust;

/// <summary>
/// Runs the short trials of every op with each of its kernels on a device, and compares them with the reference: a
/// driver or a device that computes wrong results is found before it draws a picture.
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
    public static IReadOnlyList<KernelVerdict> Run(GpuBackend backend, Action<Row>? report = null)
    {
        using var reference = new ReferenceBackend();
        using var cpu = new CpuBackend(new CpuOptions { Strict = true });
        OpTrial[] large = backend.Device.ComputeUnits > FewUnits ? [.. OpTrials.Large] : [];
        var verdicts = new List<KernelVerdict>();
        foreach (IGrouping<string, OpTrial> op in OpTrials.Short.GroupBy(trial => trial.Op))
        {
            (OpTrial Trial, float[] Expected)[] trials =
            [
                .. op.Select(trial => (trial, trial.Run(reference, backend.Precision))),
                .. large.Where(trial => trial.Op == op.Key).Select(trial => (trial, trial.Run(cpu, backend.Precision))),
            ];
            KernelVariant[] variants = [.. KernelVariants.All.Where(variant => variant.Op == op.Key)];
            foreach (KernelVariant variant in variants.Where(variant => backend.Lacks(variant) is null))
            {
                foreach (KernelVariant other in variants)
                {
                    backend.Exclude(other);
                }

                backend.Trust(variant);
                verdicts.Add(new KernelVerdict(
                    op.Key, variant.Name, variant.IsPlain, Check(backend, variant.Name, trials, report)));
            }

            if (variants.Length == 0)
            {
                string kernel = KernelName(op.Key);
                verdicts.Add(new KernelVerdict(op.Key, kernel, true, Check(backend, kernel, trials, report)));
            }
        }

        return verdicts;
    }

    /// <summary>The program of an op that has one kernel: GroupNorm → group_norm.</summary>
    public static string KernelName(string op) => string.Concat(op.Select((letter, i) =>
        char.IsUpper(letter) ? (i > 0 ? "_" : "") + char.ToLowerInvariant(letter) : letter.ToString()));

    private static string? Check(
        GpuBackend backend, string kernel, (OpTrial Trial, float[] Expected)[] trials, Action<Row>? report)
    {
        string? failure = null;
        foreach ((OpTrial trial, float[] expected) in trials)
        {
            OpTolerance bound = trial.Tolerance.On(backend);
            Row row;
            try
            {
                var found = OpDifference.Between(expected, trial.Run(backend, backend.Precision));
                row = new Row(trial, kernel, bound, found, null);
                failure ??= found.Within(bound) ? null : KernelVerdict.Describe(trial, found, bound);
            }
            catch (PerCoException error)
            {
                row = new Row(trial, kernel, bound, null, error.Message.ReplaceLineEndings(" "));
                failure ??= $"{trial}: {row.Error}";
            }

            report?.Invoke(row);
        }

        return failure;
    }
}
