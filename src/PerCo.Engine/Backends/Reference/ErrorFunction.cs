namespace PerCo.Engine.Backends.Reference;

/// <summary>The error function in double precision, which .NET lacks.</summary>
internal static class ErrorFunction
{
    /// <summary>
    /// erf(x) = 2/√π ∫₀ˣ e^(−t²) dt, to about 1e-15: the Maclaurin series below 3 (Abramowitz and Stegun 7.1.6, whose
    /// terms are all positive, so nothing cancels), and 1 − erfc by its continued fraction (7.1.14) above.
    /// </summary>
    public static double Erf(double x)
    {
        double a = Math.Abs(x);
        if (double.IsNaN(x))
        {
            return x;
        }

        if (a > 6)
        {
            return Math.Sign(x);
        }

        if (a < 3)
        {
            double term = x, sum = x;
            for (int n = 1; Math.Abs(term) > 1e-17 * Math.Abs(sum); n++)
            {
                term *= 2 * x * x / (2 * n + 1);
                sum += term;
            }

            return 2 / Math.Sqrt(Math.PI) * Math.Exp(-x * x) * sum;
        }

        double fraction = a;
        for (int n = 60; n > 0; n--)
        {
            fraction = a + n / 2.0 / fraction;
        }

        return Math.Sign(x) * (1 - Math.Exp(-a * a) / Math.Sqrt(Math.PI) / fraction);
    }
}
