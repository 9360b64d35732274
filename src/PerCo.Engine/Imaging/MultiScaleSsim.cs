using System.Numerics.Tensors;

namespace PerCo.Engine.Imaging;

/// <summary>
/// Multi-scale structural similarity (Wang, Simoncelli and Bovik 2003), with the choices of the field's usual
/// implementation, pytorch-msssim, which CompressAI reports: each channel by itself, windows that lie within the
/// picture, means of 2 × 2 between scales (odd sides get a row of zeros at both ends), negative parts taken as 0.
/// </summary>
internal static class MultiScaleSsim
{
    /// <summary>Shortest side for which the window fits the coarsest of the five scales.</summary>
    public const int MinExtent = (Window - 1) * 16 + 1;

    private const int Window = 11;
    private const double Sigma = 1.5;
    private const double C1 = 0.01 * 255 * 0.01 * 255;
    private const double C2 = 0.03 * 255 * 0.03 * 255;

    private static readonly double[] ScaleWeights = [0.0448, 0.2856, 0.3001, 0.2363, 0.1333];
    private static readonly float[] WindowWeights = MakeWindow();

    /// <summary>The mean of the three channels' similarities.</summary>
    /// <param name="a">One picture, both sides at least <see cref="MinExtent"/>.</param>
    /// <param name="b">Another of the same size.</param>
    public static double Compute(Image a, Image b)
    {
        double sum = 0;
        for (int channel = 0; channel < Image.Channels; channel++)
        {
            sum += Compute(Plane.Of(a, channel), Plane.Of(b, channel));
        }

        return sum / Image.Channels;
    }

    private static double Compute(Plane a, Plane b)
    {
        double product = 1;
        for (int scale = 0; ; scale++)
        {
            (double whole, double structure) = Similarity(a, b);
            bool last = scale + 1 == ScaleWeights.Length;
            product *= Math.Pow(Math.Max(last ? whole : structure, 0), ScaleWeights[scale]);
            if (last)
            {
                return product;
            }

            (a, b) = (a.Halved(), b.Halved());
        }
    }

    // The means over all windows of SSIM and of its part without luminance.
    private static (double Whole, double Structure) Similarity(Plane a, Plane b)
    {
        Plane meanA = a.Blurred(), meanB = b.Blurred();
        Plane squareA = a.Times(a).Blurred(), squareB = b.Times(b).Blurred(), product = a.Times(b).Blurred();
        double whole = 0, structure = 0;
        for (int i = 0; i < meanA.Values.Length; i++)
        {
            double x = meanA.Values[i], y = meanB.Values[i];
            double varianceA = squareA.Values[i] - x * x, varianceB = squareB.Values[i] - y * y;
            double contrast = (2 * (product.Values[i] - x * y) + C2) / (varianceA + varianceB + C2);
            structure += contrast;
            whole += contrast * (2 * x * y + C1) / (x * x + y * y + C1);
        }

        return (whole / meanA.Values.Length, structure / meanA.Values.Length);
    }

    private static float[] MakeWindow()
    {
        double[] weights =
            [.. Enumerable.Range(0, Window).Select(i => Math.Exp(-Math.Pow(i - Window / 2, 2) / (2 * Sigma * Sigma)))];
        return [.. weights.Select(weight => (float)(weight / weights.Sum()))];
    }

    /// <summary>One channel, [height, width].</summary>
    private readonly record struct Plane(int Width, int Height, float[] Values)
    {
        public static Plane Of(Image image, int channel)
        {
            var values = new float[image.Width * image.Height];
            for (int i = 0; i < values.Length; i++)
            {
                values[i] = image.Pixels[i * Image.Channels + channel];
            }

            return new Plane(image.Width, image.Height, values);
        }

        public Plane Times(Plane other)
        {
            var product = new float[Values.Length];
            TensorPrimitives.Multiply(Values, other.Values, product);
            return this with { Values = product };
        }

        /// <summary>Convolved with the window in both directions, where it fits.</summary>
        public Plane Blurred()
        {
            int width = Width - Window + 1, height = Height - Window + 1;
            var across = new float[Height * width];
            for (int y = 0; y < Height; y++)
            {
                Accumulate(Values, y * Width, 1, across.AsSpan(y * width, width));
            }

            var result = new float[height * width];
            for (int y = 0; y < height; y++)
            {
                Accumulate(across, y * width, width, result.AsSpan(y * width, width));
            }

            return new Plane(width, height, result);
        }

        /// <summary>Means of 2 × 2 values.</summary>
        public Plane Halved()
        {
            // A side of 5 becomes 0 a b c d e 0, of which three pairs are left.
            int padX = Width % 2, padY = Height % 2;
            int width = (Width + 2 * padX) / 2, height = (Height + 2 * padY) / 2;
            var result = new float[height * width];
            for (int y = 0; y < height; y++)
            {
                for (int x = 0; x < width; x++)
                {
                    int left = 2 * x - padX, top = 2 * y - padY;
                    result[y * width + x] =
                        (At(left, top) + At(left + 1, top) + At(left, top + 1) + At(left + 1, top + 1)) / 4;
                }
            }

            return new Plane(width, height, result);
        }

        private static void Accumulate(float[] values, int start, int step, Span<float> sum)
        {
            sum.Clear();
            for (int i = 0; i < Window; i++)
            {
                TensorPrimitives.MultiplyAdd(
                    values.AsSpan(start + i * step, sum.Length), WindowWeights[i], sum, sum);
            }
        }

        private float At(int x, int y) =>
            (uint)x < (uint)Width && (uint)y < (uint)Height ? Values[y * Width + x] : 0;
    }
}
