using PerCo.Engine.Backends;
using PerCo.Engine.Backends.Gpu;
using PerCo.Engine.Backends.Gpu.Trust;
using PerCo.Engine.Backends.Reference;
using PerCo.Engine.Backends.Trials;

namespace PerCo.Engine.Verification;

/// <summary>Op by op: the short trials on a backend, as rows of a verification.</summary>
internal static class OpVerification
{
    /// <summary>The name of the rows' case.</summary>
    public const string Case = "ops";

    public static IReadOnlyList<VerificationRow> Run(
        Backend backend, Action<VerificationRow>? progress, CancellationToken cancellation)
    {
        var rows = new List<VerificationRow>();
        if (backend is not GpuBackend gpu)
        {
            using var reference = new ReferenceBackend();
            foreach (OpTrial trial in OpTrials.Short.Where(trial => trial.Op != OpSupport.DenoiseStep))
            {
                OpTolerance bound = trial.Bound(backend);
                var found = OpDifference.Between(
                    trial.Run(reference, GpuPrecision.Fp32), trial.Run(backend, GpuPrecision.Fp32));
                Add(new KernelCheck.Row(trial, trial.Op, bound, found, null));
            }

            return rows;
        }

        var cache = new VerdictCache(gpu.Device, gpu.Precision);
        IReadOnlyList<KernelVerdict> verdicts = KernelCheck.Run(gpu, Add, cache.Journal);
        cache.Write(verdicts);
        try
        {
            DeviceTrust.Apply(gpu, verdicts, notice: null);
        }
        catch (PerCoException)
        {
            // An op without a correct kernel: its rows have failed, which is what was asked.
        }

        return rows;

        void Add(KernelCheck.Row row)
        {
            cancellation.ThrowIfCancellationRequested();
            bool passed = row.Found is { } found && found.Within(row.Bound);
            var result = new VerificationRow
            {
                Case = Case,
                Quantity = $"{row.Kernel} {row.Trial.Shape}",
                Error = row.Found?.Normalised,
                Tolerance = row.Bound.Normalised,
                Verdict = passed ? Verdict.Pass : Verdict.Fail,
                Detail = row.Error ?? (passed ? null : KernelVerdict.Describe(row.Trial, row.Found!.Value, row.Bound)),
            };
            rows.Add(result);
            progress?.Invoke(result);
        }
    }
}
