using PerCo.Engine.Backends.Gpu;
using PerCo.Engine.Backends.Gpu.Cuda;
using PerCo.Engine.Backends.Gpu.Trust;

namespace PerCo.Engine.Backends.Trials;

/// <summary>Whether a backend has an op, and by what.</summary>
/// <param name="Op">The op.</param>
/// <param name="Backend">reference, cpu, opencl or cuda.</param>
/// <param name="Reason">Why the backend lacks it; null where it has it.</param>
/// <param name="Kernels">The kernels of a GPU backend, the fastest first; empty elsewhere.</param>
internal sealed record OpSupport(string Op, string Backend, string? Reason, IReadOnlyList<KernelVariant> Kernels)
{
    /// <summary>The one op that only GPUs have.</summary>
    public const string DenoiseStep = "DenoiseStep";

    private const string OnHost = "the host takes the steps";

    /// <summary>The backends.</summary>
    public static IReadOnlyList<string> Backends { get; } = ["reference", "cpu", "opencl", "cuda"];

    /// <summary>All ops.</summary>
    public static IReadOnlyList<string> Ops => OpTrials.Ops;

    /// <summary>The whole table, op by op.</summary>
    public static IReadOnlyList<OpSupport> Table { get; } =
        [.. Ops.SelectMany(op => Backends.Select(backend => Of(op, backend)))];

    /// <summary>The bounds of an op, from its trials.</summary>
    public static OpTolerance Tolerance(string op) => OpTrials.Short.First(trial => trial.Op == op).Tolerance;

    private static OpSupport Of(string op, string backend)
    {
        bool cuda = backend == "cuda";
        if (backend is "reference" or "cpu")
        {
            return new OpSupport(op, backend, op == DenoiseStep ? OnHost : null, []);
        }

        IReadOnlyList<KernelVariant> kernels = KernelCheck.Variants(op);
        KernelVariant[] there =
            [.. kernels.Where(kernel => (cuda || kernel.IsPlain) && (cuda ? HasPtx(kernel) : HasSource(kernel)))];
        return new OpSupport(
            op, backend, there.Any(kernel => kernel.IsPlain) ? null : $"{kernels[^1].Name} is missing", there);
    }

    private static bool HasPtx(KernelVariant kernel) =>
        PtxFile.Names.Any(name => name.StartsWith(kernel.Name + ".", StringComparison.Ordinal));

    private static bool HasSource(KernelVariant kernel) => KernelSource.Exists($"{kernel.Name}.cl");
}
