namespace PerCo.Engine.Imaging;

/// <summary>
/// For each target position on one axis: which source samples count, and how much, in fixed point.
/// The definitions are those of Pillow's src/libImaging/Resample.c, so that results are equal to Pillow's.
/// </summary>
internal sealed class ResampleWeights
{
    /// <summary>Fractional bits of a weight: 32, less 8 for the sample, less 2 for overshoot and sign.</summary>
    public const int PrecisionBits = 32 - 8 - 2;

    private readonly int[] _first;
    private readonly int[] _count;
    private readonly int[] _weights;
    private readonly int _stride;

    private ResampleWeights(int targetSize, int stride)
    {
        _first = new int[targetSize];
        _count = new int[targetSize];
        _weights = new int[checked(targetSize * stride)];
        _stride = stride;
    }

    /// <summary>Computes the weights of one axis.</summary>
    /// <param name="sourceSize">Samples to read from.</param>
    /// <param name="targetSize">Samples to make.</param>
    /// <param name="filter">The curve.</param>
    /// <exception cref="ArgumentOutOfRangeException">The table of weights would not fit one array.</exception>
    public static ResampleWeights Create(int sourceSize, int targetSize, ResampleFilter filter)
    {
        double scale = (double)sourceSize / targetSize;
        // When shrinking, the curve is stretched over all source samples of a target sample: antialiasing.
        double stretch = Math.Max(scale, 1);
        double support = Support(filter) * stretch;
        long stride = ((long)Math.Ceiling(support) * 2) + 1;
        if (stride * targetSize > Array.MaxLength)
        {
            throw new ArgumentOutOfRangeException(
                nameof(targetSize), $"Resizing {sourceSize} to {targetSize} samples needs too large a table.");
        }

        ResampleWeights result = new(targetSize, (int)stride);
        double[] real = new double[stride];
        for (int i = 0; i < targetSize; i++)
        {
            double center = (i + 0.5) * scale;
            int first = Math.Max((int)(center - support + 0.5), 0);
            int count = Math.Min((int)(center + support + 0.5), sourceSize) - first;
            double inverse = 1 / stretch;
            double sum = 0;
            for (int k = 0; k < count; k++)
            {
                real[k] = Curve(filter, (k + first - center + 0.5) * inverse);
                sum += real[k];
            }

            Span<int> weights = result._weights.AsSpan(i * (int)stride, count);
            for (int k = 0; k < count; k++)
            {
                double weight = (sum != 0 ? real[k] / sum : real[k]) * (1 << PrecisionBits);
                weights[k] = (int)(weight < 0 ? weight - 0.5 : weight + 0.5);
            }

            result._first[i] = first;
            result._count[i] = count;
        }

        return result;
    }

    /// <summary>The first source sample that target sample <paramref name="i"/> reads.</summary>
    public int First(int i) => _first[i];

    /// <summary>The weights of consecutive source samples for target sample <paramref name="i"/>.</summary>
    public ReadOnlySpan<int> Weights(int i) => _weights.AsSpan(i * _stride, _count[i]);

    private static double Support(ResampleFilter filter) => filter switch
    {
        ResampleFilter.Box => 0.5,
        ResampleFilter.Bilinear => 1,
        ResampleFilter.Bicubic => 2,
        ResampleFilter.Lanczos => 3,
        _ => throw new ArgumentOutOfRangeException(nameof(filter), filter, "No such filter."),
    };

    private static double Curve(ResampleFilter filter, double x) => filter switch
    {
        ResampleFilter.Box => x is > -0.5 and <= 0.5 ? 1 : 0,
        ResampleFilter.Bilinear => Math.Max(1 - Math.Abs(x), 0),
        ResampleFilter.Bicubic => Cubic(Math.Abs(x)),
        _ => x is >= -3 and < 3 ? Sinc(x) * Sinc(x / 3) : 0,
    };

    private static double Cubic(double x)
    {
        const double A = -0.5;
        if (x < 1)
        {
            return ((((A + 2) * x) - (A + 3)) * x * x) + 1;
        }

        return x < 2 ? ((((x - 5) * x) + 8) * x - 4) * A : 0;
    }

    private static double Sinc(double x)
    {
        if (x == 0)
        {
            return 1;
        }

        x *= Math.PI;
        return Math.Sin(x) / x;
    }
}
