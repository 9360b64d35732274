namespace PerCo.Engine.Verification;

/// <summary>Numbers that say how far two arrays of the same length are from each other.</summary>
internal static class Comparison
{
    /// <summary>rms(actual − expected) / rms(expected); NaN and infinity anywhere give NaN or infinity.</summary>
    public static double NormalisedError(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual)
    {
        RequireSameLength(expected.Length, actual.Length);
        double squares = 0;
        double errors = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            double difference = (double)actual[i] - expected[i];
            squares += (double)expected[i] * expected[i];
            errors += difference * difference;
        }

        return errors == 0 ? 0 : Math.Sqrt(errors / squares);
    }

    /// <summary>The largest absolute difference; NaN anywhere gives NaN.</summary>
    public static double LargestError(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual)
    {
        RequireSameLength(expected.Length, actual.Length);
        double largest = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            largest = Math.Max(largest, Math.Abs((double)actual[i] - expected[i]));
        }

        return largest;
    }

    /// <summary>How many entries differ.</summary>
    public static int Differences(ReadOnlySpan<long> expected, ReadOnlySpan<long> actual)
    {
        RequireSameLength(expected.Length, actual.Length);
        int count = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            count += expected[i] == actual[i] ? 0 : 1;
        }

        return count;
    }

    /// <summary>10 · log10(1 / mean squared difference), for values from 0 to 1.</summary>
    public static double Psnr(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual)
    {
        RequireSameLength(expected.Length, actual.Length);
        double errors = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            double difference = (double)actual[i] - expected[i];
            errors += difference * difference;
        }

        return 10 * Math.Log10(expected.Length / errors);
    }

    private static void RequireSameLength(int expected, int actual)
    {
        if (expected != actual)
        {
            throw new ArgumentException($"{actual} values, expected {expected}.");
        }
    }
}
