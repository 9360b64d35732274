namespace PerCo.Engine.Backends.Trials;

/// <summary>The difference between two results of an op, in the units of <see cref="OpTolerance"/>.</summary>
/// <param name="Normalised">rms(difference) / rms(reference); infinite where only one of two values is NaN.</param>
/// <param name="Worst">Largest difference / rms(reference).</param>
/// <param name="WorstAt">Index of the largest difference.</param>
internal readonly record struct OpDifference(double Normalised, double Worst, int WorstAt)
{
    /// <summary>Compares; NaN only equals NaN.</summary>
    public static OpDifference Between(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual)
    {
        double squares = 0, errors = 0, worst = 0;
        int worstAt = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            double error = expected[i].Equals(actual[i]) ? 0 : Math.Abs((double)actual[i] - expected[i]);
            error = double.IsNaN(error) ? double.PositiveInfinity : error;
            squares += float.IsNaN(expected[i]) ? 0 : (double)expected[i] * expected[i];
            errors += error * error;
            if (error > worst)
            {
                worst = error;
                worstAt = i;
            }
        }

        int count = Math.Max(1, expected.Length);
        double rms = Math.Sqrt(squares / count);
        double scale = rms > 0 ? rms : 1;
        return new OpDifference(Math.Sqrt(errors / count) / scale, worst / scale, worstAt);
    }

    /// <summary>Whether both bounds are kept.</summary>
    public bool Within(OpTolerance tolerance) => Normalised <= tolerance.Normalised && Worst <= tolerance.Worst;
}
