using PerCo.Engine.Backends.Gpu;
using PerCo.Engine.Backends.Trials;
using Xunit;

namespace PerCo.Engine.Tests.Backends;

/// <summary>How far a result may be from the reference's.</summary>
/// <param name="Normalised">rms(difference) / rms(reference).</param>
/// <param name="Worst">Largest difference / rms(reference): one wrong value among a million shows here.</param>
public sealed record Tolerance(double Normalised, double Worst)
{
    /// <summary>Bit-exact.</summary>
    public static Tolerance Exact { get; } = new(0, 0);

    /// <inheritdoc cref="OpTolerance.Elementwise"/>
    public static Tolerance Elementwise { get; } = Of(OpTolerance.Elementwise);

    /// <inheritdoc cref="OpTolerance.Norm"/>
    public static Tolerance Norm { get; } = Of(OpTolerance.Norm);

    /// <inheritdoc cref="OpTolerance.Sum"/>
    public static Tolerance Sum { get; } = Of(OpTolerance.Sum);

    /// <inheritdoc cref="OpTolerance.Attention"/>
    public static Tolerance Attention { get; } = Of(OpTolerance.Attention);

    /// <inheritdoc cref="OpTolerance.Winograd"/>
    public static Tolerance Winograd { get; } = Of(OpTolerance.Winograd);

    /// <summary>The bounds on a GPU that stores in some precision.</summary>
    public Tolerance On(GpuPrecision precision) => Of(new OpTolerance(Normalised, Worst).On(precision));

    /// <summary>Fails unless the values are within bounds; NaN only equals NaN.</summary>
    public void Check(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        var found = OpDifference.Between(expected, actual);
        Assert.True(
            found.Within(new OpTolerance(Normalised, Worst)),
            $"Normalised error {found.Normalised:E2} (bound {Normalised:E1}), worst {found.Worst:E2} (bound "
            + $"{Worst:E1}) at {found.WorstAt}"
            + $"{(expected.Length > 0 ? $": {actual[found.WorstAt]}, not {expected[found.WorstAt]}" : "")}.");
    }

    private static Tolerance Of(OpTolerance tolerance) => new(tolerance.Normalised, tolerance.Worst);
}
