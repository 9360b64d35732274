namespace PerCo.Engine.Imaging;

/// <summary>How far two pictures are from each other.</summary>
public static class ImageMetrics
{
    /// <summary>Mean squared difference over all samples of the three channels: (1/n) · Σ (a − b)².</summary>
    /// <param name="a">One picture.</param>
    /// <param name="b">Another of the same size.</param>
    /// <returns>0 for equal pictures, at most 255².</returns>
    /// <exception cref="ArgumentException">The sizes differ.</exception>
    public static double MeanSquaredError(Image a, Image b)
    {
        CheckSizes(a, b);
        long sum = 0;
        for (int i = 0; i < a.Pixels.Length; i++)
        {
            int d = a.Pixels[i] - b.Pixels[i];
            sum += d * d;
        }

        return (double)sum / a.Pixels.Length;
    }

    /// <summary>Peak signal-to-noise ratio over the three channels together: 10 · log10(255² / MSE).</summary>
    /// <param name="a">One picture.</param>
    /// <param name="b">Another of the same size.</param>
    /// <returns>Decibels; positive infinity for equal pictures.</returns>
    /// <exception cref="ArgumentException">The sizes differ.</exception>
    public static double Psnr(Image a, Image b) => 10 * Math.Log10(255.0 * 255.0 / MeanSquaredError(a, b));

    /// <summary>
    /// Multi-scale structural similarity (Wang et al. 2003) of five scales, the mean of the three channels; as
    /// pytorch-msssim computes it, so that values compare with published ones.
    /// </summary>
    /// <param name="a">One picture, both sides at least 161 pixels.</param>
    /// <param name="b">Another of the same size.</param>
    /// <returns>0 to 1; 1 for equal pictures. Null where the pictures are too small for five scales.</returns>
    /// <exception cref="ArgumentException">The sizes differ.</exception>
    public static double? MsSsim(Image a, Image b)
    {
        CheckSizes(a, b);
        return Math.Min(a.Width, a.Height) < MultiScaleSsim.MinExtent ? null : MultiScaleSsim.Compute(a, b);
    }

    private static void CheckSizes(Image a, Image b)
    {
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(b);
        if (a.Width != b.Width || a.Height != b.Height)
        {
            throw new ArgumentException(
                $"The pictures differ in size: {a.Width} × {a.Height} and {b.Width} × {b.Height}.", nameof(b));
        }
    }
}
