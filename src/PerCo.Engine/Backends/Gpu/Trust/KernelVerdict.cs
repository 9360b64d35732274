using System.Globalization;
using PerCo.Engine.Backends.Trials;

namespace PerCo.Engine.Backends.Gpu.Trust;

/// <summary>What a check of a kernel on a device gave.</summary>
/// <param name="Op">The op.</param>
/// <param name="Kernel">The program of <c>kernels/</c>.</param>
/// <param name="IsPlain">Whether the op has no other kernel to fall back to.</param>
/// <param name="Failure">Which trial failed and how, on one line; null where all have passed.</param>
/// <param name="HasRun">
/// Whether all trials have run. What kept one from it, such as another process that holds the memory, may pass.
/// </param>
internal sealed record KernelVerdict(string Op, string Kernel, bool IsPlain, string? Failure, bool HasRun = true)
{
    /// <summary>Whether all trials have passed.</summary>
    public bool Passed => Failure is null;

    /// <summary>What is the matter, for people.</summary>
    public string Fault => HasRun ? "is wrong on this device" : "does not run on this device";

    /// <summary>A trial whose result is too far off.</summary>
    public static string Describe(OpTrial trial, OpDifference found, OpTolerance bound) => string.Create(
        CultureInfo.InvariantCulture,
        $"{trial}: normalised error {found.Normalised:0.0e+00} (bound {bound.Normalised:0.0e+00}), worst "
        + $"{found.Worst:0.0e+00} (bound {bound.Worst:0.0e+00})");
}
