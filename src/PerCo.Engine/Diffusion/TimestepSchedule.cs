namespace PerCo.Engine.Diffusion;

/// <summary>Lists of timesteps, noisiest first, as DDIM, PNDM and Euler take them from the configuration.</summary>
internal static class TimestepSchedule
{
    /// <summary>Reads the field <c>timestep_spacing</c>.</summary>
    public static TimestepSpacing Spacing(SchedulerConfig config, string fallback) => config.Choice(
        "timestep_spacing",
        fallback,
        ("linspace", TimestepSpacing.Linspace),
        ("leading", TimestepSpacing.Leading),
        ("trailing", TimestepSpacing.Trailing));

    /// <summary>Checks a number of steps against the number of training timesteps.</summary>
    /// <exception cref="PerCoException">Fewer than 1, or more than there are timesteps.</exception>
    public static void CheckSteps(int steps, int max, SchedulerConfig config)
    {
        if (steps < 1 || steps > max)
        {
            throw new PerCoException(
                $"{steps} sampling steps were asked for, expected 1 to {max} for this scheduler ({config.Source}). "
                + "Choose another number.") { Remedies = [Remedy.Steps] };
        }
    }

    /// <summary>The timesteps of a run, noisiest first; linearly spaced ones are not yet rounded.</summary>
    /// <exception cref="PerCoException">
    /// The steps are out of range, or the offset leads out of the training.
    /// </exception>
    public static double[] Descending(SchedulerConfig config, string fallbackSpacing, int steps)
    {
        int train = NoiseSchedule.TrainTimesteps(config);
        CheckSteps(steps, train, config);
        double[] timesteps = new double[steps];
        switch (Spacing(config, fallbackSpacing))
        {
            case TimestepSpacing.Linspace:
                Ramp(train - 1, timesteps);
                break;
            case TimestepSpacing.Leading:
                int offset = Offset(config);
                for (int i = 0; i < steps; i++)
                {
                    timesteps[i] = ((steps - 1 - i) * (train / steps)) + offset;
                }

                break;
            default:
                for (int i = 0; i < steps; i++)
                {
                    timesteps[i] = Math.Round(train - (i * ((double)train / steps))) - 1;
                }

                break;
        }

        return CheckRange(timesteps, train, config);
    }

    /// <summary>The same list rounded to whole timesteps (half to even, as numpy rounds).</summary>
    public static int[] DescendingWhole(SchedulerConfig config, string fallbackSpacing, int steps)
        => Array.ConvertAll(Descending(config, fallbackSpacing, steps), t => (int)Math.Round(t));

    /// <summary>Reads the field <c>steps_offset</c>.</summary>
    public static int Offset(SchedulerConfig config)
        => config.Integer("steps_offset", 0, 0, NoiseSchedule.TrainTimesteps(config));

    /// <summary>Fills in an even ramp from <paramref name="last"/> down to 0.</summary>
    public static void Ramp(double last, Span<double> descending)
    {
        int count = descending.Length;
        double step = count > 1 ? last / (count - 1) : 0;
        for (int i = 0; i < count; i++)
        {
            descending[count - 1 - i] = i == count - 1 && count > 1 ? last : i * step;
        }
    }

    /// <summary>Checks that every timestep was trained.</summary>
    /// <exception cref="PerCoException">A timestep is out of range.</exception>
    public static double[] CheckRange(double[] timesteps, int train, SchedulerConfig config)
    {
        foreach (double t in timesteps)
        {
            if (t < 0 || t > train - 1)
            {
                throw new PerCoException(
                    $"{config.Source}: {timesteps.Length} steps lead to the timestep {t}, expected 0 to {train - 1}: "
                    + "field 'steps_offset' is too large for so many steps. Choose fewer.")
                {
                    Remedies = [Remedy.Steps],
                };
            }
        }

        return timesteps;
    }
}
