using Xunit;

namespace PerCo.Engine.Tests.Backends;

/// <summary>How far a result may be from the reference's.</summary>
/// <param name="Normalised">rms(difference) / rms(reference).</param>
/// <param name="Worst">Largest difference / rms(reference): one wrong value among a million shows here.</param>
public sealed record Tolerance(double Normalised, double Worst)
{
    /// <summary>Bit-exact.</summary>
    public static Tolerance Exact { get; } = new(0, 0);

    /// <summary>One or two roundings a value, and functions good to 2 units in the last place.</summary>
    public static Tolerance Elementwise { get; } = new(1.5e-7, 2e-6);

    /// <summary>Sums in double precision, then a few roundings a value and an activation.</summary>
    public static Tolerance Norm { get; } = new(2e-7, 3e-6);

    /// <summary>
    /// fp32 sums of up to a few thousand products: rounding errors grow with the root of the length, from 6e-8.
    /// </summary>
    public static Tolerance Sum { get; } = new(2e-6, 2e-5);

    /// <summary>
    /// Scores of up to some tens, whose rounding errors the softmax turns into relative errors of the weights.
    /// </summary>
    public static Tolerance Attention { get; } = new(2e-6, 2e-5);

    /// <summary>
    /// Winograd F(4×4,3×3) in fp32: its transforms multiply rounding errors (Lavin and Gray 2015, sec. 5.3).
    /// </summary>
    public static Tolerance Winograd { get; } = new(1e-4, 1e-3);

    /// <summary>The same with both bounds multiplied.</summary>
    public Tolerance Times(double factor) => new(Normalised * factor, Worst * factor);

    /// <summary>Fails unless the values are within bounds; NaN only equals NaN.</summary>
    public void Check(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        double squares = 0, errors = 0, worst = 0;
        int worstAt = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            if (float.IsNaN(expected[i]) || float.IsNaN(actual[i]))
            {
                Assert.True(float.IsNaN(expected[i])
                    && float.IsNaN(actual[i]), $"[{i}]: {actual[i]}, not {expected[i]}.");
                continue;
            }

            double error = expected[i].Equals(actual[i]) ? 0 : Math.Abs((double)actual[i] - expected[i]);
            squares += (double)expected[i] * expected[i];
            errors += error * error;
            if (!(error <= worst))
            {
                worst = error;
                worstAt = i;
            }
        }

        double rms = Math.Sqrt(squares / Math.Max(1, expected.Length));
        double scale = rms > 0 ? rms : 1;
        double normalised = Math.Sqrt(errors / Math.Max(1, expected.Length)) / scale;
        Assert.True(
            normalised <= Normalised && worst / scale <= Worst,
            $"Normalised error {normalised:E2} (bound {Normalised:E1}), worst {worst / scale:E2} (bound {Worst:E1}) "
            + $"at {worstAt}{(expected.Length > 0 ? $": {actual[worstAt]}, not {expected[worstAt]}" : "")}.");
    }
}
