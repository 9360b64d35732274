using PerCo.Engine.Backends.Trials;

namespace PerCo.Engine.Cli.Bench;

/// <summary>One trial with one kernel.</summary>
/// <param name="Set">Whose shape it is.</param>
/// <param name="Trial">The op and its operands.</param>
/// <param name="Kernel">The kernel; the op's name where a backend has no kernels.</param>
/// <param name="Error">Normalised error; null where it did not run.</param>
/// <param name="Seconds">Of one run; null where it was wrong.</param>
/// <param name="Passed">Whether the result was right.</param>
/// <param name="Detail">What was wrong.</param>
internal sealed record OpMeasurement(
    string Set, OpTrial Trial, string Kernel, double? Error, double? Seconds, bool Passed, string? Detail)
{
    /// <summary>Seconds by estimate, where tiles were chosen by it.</summary>
    public double? Estimate { get; init; }

    /// <summary>How many times as fast as the rung below, on the ladder.</summary>
    public double? TimesBelow { get; init; }

    /// <summary>What the kernel does, or why it was left out, on the ladder.</summary>
    public string? Note { get; init; }

    /// <summary>ok, wrong, or left out.</summary>
    public string Result => !Passed ? "wrong" : Error is null ? "left out" : "ok";

    /// <summary>Billion operations a second; null where memory counts.</summary>
    public double? GFlops => Trial.Operations > 0 ? Trial.Operations / Seconds / 1e9 : null;

    /// <summary>Billion bytes a second, everything read and written once.</summary>
    public double? GBytes(int elementSize) => Trial.Values * elementSize / Seconds / 1e9;
}
