namespace PerCo.Engine.Diffusion;

/// <summary>Noise levels σ of a run, for the schedulers that think in σ instead of timesteps.</summary>
internal static class SigmaSchedule
{
    /// <summary>σ at timesteps that may be fractional, by linear interpolation in the trained table.</summary>
    public static double[] Interpolate(ReadOnlySpan<double> timesteps, float[] table)
    {
        double[] sigmas = new double[timesteps.Length];
        for (int i = 0; i < sigmas.Length; i++)
        {
            // The reference asks with single-precision timesteps and answers in double precision.
            double t = (float)timesteps[i];
            int low = Math.Clamp((int)t, 0, table.Length - 1);
            sigmas[i] = low == table.Length - 1
                ? table[low]
                : (((double)table[low + 1] - table[low]) * (t - low)) + table[low];
        }

        return sigmas;
    }

    /// <summary>
    /// σ_i = (σ_max^(1/ρ) + i/(n−1) · (σ_min^(1/ρ) − σ_max^(1/ρ)))^ρ with ρ = 7 (Karras et al. 2022, equation 5).
    /// </summary>
    public static double[] Karras(SchedulerConfig config, double sigmaMin, double sigmaMax, int steps)
    {
        const double Rho = 7;
        double min = Math.Pow(config.OptionalNumber("sigma_min", 0, float.MaxValue) ?? sigmaMin, 1 / Rho);
        double max = Math.Pow(config.OptionalNumber("sigma_max", 0, float.MaxValue) ?? sigmaMax, 1 / Rho);
        double[] sigmas = new double[steps];
        for (int i = 0; i < steps; i++)
        {
            double ramp = steps > 1 ? (double)i / (steps - 1) : 0;
            sigmas[i] = Math.Pow(max + (ramp * (min - max)), Rho);
        }

        return sigmas;
    }

    /// <summary>
    /// The (fractional) timesteps whose trained σ these are; interpolated in log σ, clamped to the table.
    /// </summary>
    public static double[] ToTimesteps(ReadOnlySpan<double> sigmas, float[] table)
    {
        double[] timesteps = new double[sigmas.Length];
        for (int i = 0; i < sigmas.Length; i++)
        {
            double log = Math.Log(Math.Max(sigmas[i], 1e-10));
            int low = 0;
            while (low + 2 < table.Length && (float)Math.Log(table[low + 1]) <= log)
            {
                low++;
            }

            int high = Math.Min(low + 1, table.Length - 1);
            double lowLog = (float)Math.Log(table[low]);
            double highLog = (float)Math.Log(table[high]);
            double weight = high == low ? 0 : Math.Clamp((lowLog - log) / (lowLog - highLog), 0, 1);
            timesteps[i] = ((1 - weight) * low) + (weight * high);
        }

        return timesteps;
    }
}
