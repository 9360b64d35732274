using PerCo.Engine.Backends.Trials;

namespace PerCo.Engine.Cli.Bench;

/// <summary>What is measured.</summary>
/// <param name="Sets">Names of <see cref="OpTrials.Sets"/>.</param>
/// <param name="Ops">Ops, or empty for all.</param>
/// <param name="Kernel">Text that a kernel's name contains; null for all.</param>
/// <param name="Repeats">Runs to take the median of.</param>
/// <param name="Tilings">Whether products on tensor cores are also timed with each way to cut them into tiles.</param>
internal sealed record OpBenchOptions(
    IReadOnlyList<string> Sets, IReadOnlyList<string> Ops, string? Kernel, int Repeats, bool Tilings);
