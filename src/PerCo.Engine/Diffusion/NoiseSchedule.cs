namespace PerCo.Engine.Diffusion;

/// <summary>
/// How much noise the training had at each timestep. Single precision and the order of operations are the reference's
/// (torch.linspace; torch.cumprod, which accumulates in double), because the last bits of ᾱ near 1 decide the first σ.
/// </summary>
internal static class NoiseSchedule
{
    private const int MaxTrainTimesteps = 100_000;

    /// <summary>The number of training timesteps, T.</summary>
    public static int TrainTimesteps(SchedulerConfig config)
        => config.Integer("num_train_timesteps", 1000, 1, MaxTrainTimesteps);

    /// <summary>β for each of the T training timesteps.</summary>
    public static float[] Betas(SchedulerConfig config)
    {
        int count = TrainTimesteps(config);
        if (config.OptionalNumbers("trained_betas", count, 0, 1) is float[] trained)
        {
            return trained;
        }

        // The largest beta is 1 and the smallest 0; outside of that, the square roots below are not real.
        double start = config.Number("beta_start", 0.0001, 0, 1);
        double end = config.Number("beta_end", 0.02, 0, 1);
        return config.Choice<Func<float[]>>(
            "beta_schedule",
            "linear",
            ("linear", () => Linear(start, end, count)),
            ("scaled_linear", () => Array.ConvertAll(Linear(Math.Sqrt(start), Math.Sqrt(end), count), b => b * b)),
            ("squaredcos_cap_v2", () => SquaredCosine(count)))();
    }

    /// <summary>ᾱ_t = Π (1 − β_i) for i ≤ t.</summary>
    public static float[] AlphasCumprod(float[] betas)
    {
        float[] product = new float[betas.Length];
        double running = 1;
        for (int i = 0; i < betas.Length; i++)
        {
            running *= 1f - betas[i];
            product[i] = (float)running;
        }

        return product;
    }

    /// <summary>
    /// ᾱ with, where <c>rescale_betas_zero_snr</c> says so, the last timestep moved to pure noise
    /// ("Common Diffusion Noise Schedules and Sample Steps are Flawed", arXiv 2305.08891, algorithm 1).
    /// </summary>
    /// <param name="config">The configuration.</param>
    /// <param name="smallestAlpha">
    /// What a rescaled last ᾱ is set to where the scheduler divides by it, else null.
    /// </param>
    public static float[] AlphasCumprod(SchedulerConfig config, float? smallestAlpha)
    {
        float[] betas = Betas(config);
        if (!config.Flag("rescale_betas_zero_snr", false))
        {
            return AlphasCumprod(betas);
        }

        float[] alphas = AlphasCumprod(RescaleToZeroTerminalSnr(betas));
        if (smallestAlpha is float smallest)
        {
            alphas[^1] = smallest;
        }

        return alphas;
    }

    /// <summary>σ_t = √((1 − ᾱ_t) / ᾱ_t): the noise's deviation where the clean sample has weight 1.</summary>
    public static float[] Sigmas(float[] alphasCumprod)
        => Array.ConvertAll(alphasCumprod, a => MathF.Sqrt((1f - a) / a));

    private static float[] RescaleToZeroTerminalSnr(float[] betas)
    {
        float[] root = Array.ConvertAll(AlphasCumprod(betas), MathF.Sqrt);
        float first = root[0];
        float last = root[^1];
        float scale = first / (first - last);
        float[] rescaled = new float[betas.Length];
        float previous = 1;
        for (int i = 0; i < rescaled.Length; i++)
        {
            float shifted = (root[i] - last) * scale;
            float alphaBar = shifted * shifted;
            rescaled[i] = 1f - (i == 0 ? alphaBar : alphaBar / previous);
            previous = alphaBar;
        }

        return rescaled;
    }

    // Counts from both ends towards the middle, as torch does, so that both ends are exact.
    private static float[] Linear(double start, double end, int count)
    {
        float first = (float)start;
        float last = (float)end;
        float step = count > 1 ? (last - first) / (count - 1) : 0;
        float[] values = new float[count];
        for (int i = 0; i < count; i++)
        {
            values[i] = i < (count + 1) / 2 ? first + (step * i) : last - (step * (count - 1 - i));
        }

        return values;
    }

    private static float[] SquaredCosine(int count)
    {
        static double AlphaBar(double t)
        {
            double cosine = Math.Cos((t + 0.008) / 1.008 * Math.PI / 2);
            return cosine * cosine;
        }

        float[] betas = new float[count];
        for (int i = 0; i < count; i++)
        {
            double t1 = (double)i / count;
            double t2 = (double)(i + 1) / count;
            betas[i] = (float)Math.Min(1 - (AlphaBar(t2) / AlphaBar(t1)), 0.999);
        }

        return betas;
    }
}
