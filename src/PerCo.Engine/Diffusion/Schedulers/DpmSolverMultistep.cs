namespace PerCo.Engine.Diffusion.Schedulers;

/// <summary>
/// DPM-Solver++ of order one or two, multistep, data prediction (Lu et al. 2022, arXiv 2211.01095, algorithm 2), with
/// λ = log(α/σ) and h = λ_next − λ: x_next = (σ_next/σ)·x − α_next·(e^(−h) − 1)·D, D from this and the last x₀.
/// Reference: scheduling_dpmsolver_multistep.py.
/// </summary>
internal sealed class DpmSolverMultistep : Scheduler
{
    /// <summary>Fewer steps than this lower the order of the last one, where the configuration asks for it.</summary>
    private const int FewSteps = 15;

    private readonly float[] _sigmas;
    private readonly PredictionType _prediction;
    private readonly int _order;
    private readonly bool _heun;
    private readonly bool _lastIsFirstOrder;
    private float[] _previousClean = [];

    public DpmSolverMultistep(SchedulerConfig config, int steps)
        : this(config, Plan.Make(config, steps))
    {
    }

    private DpmSolverMultistep(SchedulerConfig config, Plan plan)
        : base(plan.Timesteps, 1f)
    {
        RefuseUnsupported(config);
        _sigmas = plan.Sigmas;
        _prediction = PredictionTypes.Read(config);
        _order = config.Integer("solver_order", 2, 1, 2);

        // The last three are other solvers' names, which the reference takes as midpoint when switched to this one.
        _heun = config.Choice(
            "solver_type", "midpoint",
            ("midpoint", false), ("heun", true), ("logrho", false), ("bh1", false), ("bh2", false));
        _lastIsFirstOrder = plan.EndsAtZero
            | config.Flag("euler_at_final", false)
            | (config.Flag("lower_order_final", true) && plan.Timesteps.Length < FewSteps);
    }

    /// <inheritdoc/>
    protected override void Advance(ReadOnlySpan<float> modelOutput, int stepIndex, Span<float> sample)
    {
        bool firstOrder = _order == 1 || stepIndex == 0
            || (stepIndex == Timesteps.Length - 1 && _lastIsFirstOrder);
        if (stepIndex == 0)
        {
            _previousClean = new float[sample.Length];
        }

        Level now = new(_sigmas[stepIndex]);
        Level next = new(_sigmas[stepIndex + 1]);
        float h = next.Lambda - now.Lambda;
        float decay = (float)Math.Exp(-h) - 1f;
        float keep = next.Sigma / now.Sigma;
        float toClean = next.Alpha * decay;
        float toSlope = 0;
        float inverseRatio = 0;
        if (!firstOrder)
        {
            float lastH = now.Lambda - new Level(_sigmas[stepIndex - 1]).Lambda;
            inverseRatio = 1f / (lastH / h);
            toSlope = _heun ? -(next.Alpha * ((decay / h) + 1f)) : 0.5f * toClean;
        }

        for (int i = 0; i < sample.Length; i++)
        {
            float x = sample[i];
            float output = modelOutput[i];
            float clean = _prediction switch
            {
                PredictionType.Epsilon => (x - (now.Sigma * output)) / now.Alpha,
                PredictionType.Velocity => (now.Alpha * x) - (now.Sigma * output),
                _ => output,
            };
            float moved = (keep * x) - (toClean * clean);
            sample[i] = firstOrder ? moved : moved - (toSlope * (inverseRatio * (clean - _previousClean[i])));
            _previousClean[i] = clean;
        }
    }

    private static void RefuseUnsupported(SchedulerConfig config)
    {
        config.RefuseFlag("thresholding");
        config.RefuseFlag("use_lu_lambdas");
        _ = config.Choice("algorithm_type", "dpmsolver++", ("dpmsolver++", 0), ("deis", 0));
        if (config.OptionalText("variance_type") is not null)
        {
            throw config.Bad("variance_type", "null (networks that predict a variance are not supported)");
        }
    }

    /// <summary>A noise level in variance-preserving form. At σ = 0, λ is +∞ and e^(−h) is 0, as it must be.</summary>
    private readonly struct Level
    {
        public Level(float ratio)
        {
            Alpha = 1f / MathF.Sqrt((ratio * ratio) + 1f);
            Sigma = ratio * Alpha;
            Lambda = (float)Math.Log(Alpha) - (float)Math.Log(Sigma);
        }

        public float Alpha { get; }

        public float Sigma { get; }

        public float Lambda { get; }
    }

    /// <summary>Timesteps and noise levels of a run; one more level than there are timesteps.</summary>
    private sealed record Plan(float[] Timesteps, float[] Sigmas, bool EndsAtZero)
    {
        public static Plan Make(SchedulerConfig config, int steps)
        {
            float[] alphas = NoiseSchedule.AlphasCumprod(config, smallestAlpha: 1f / (1 << 24));
            float[] table = NoiseSchedule.Sigmas(alphas);
            double[] timesteps = Spread(config, steps, UsableTimesteps(config, alphas));
            double[] sigmas;
            if (config.Flag("use_karras_sigmas", false))
            {
                sigmas = SigmaSchedule.Karras(config, table[0], table[^1], steps);
                timesteps = SigmaSchedule.ToTimesteps(sigmas, table);
            }
            else
            {
                sigmas = SigmaSchedule.Interpolate(timesteps, table);
            }

            bool endsAtZero = config.Choice("final_sigmas_type", "zero", ("zero", true), ("sigma_min", false));
            return new Plan(
                Array.ConvertAll(timesteps, t => (float)Math.Round(t)),
                [.. sigmas.Select(s => (float)s), endsAtZero ? 0f : table[0]],
                endsAtZero);
        }

        /// <summary>
        /// Leaves out timesteps whose λ is below <c>lambda_min_clipped</c> (the noisiest of a cosine).
        /// </summary>
        private static int UsableTimesteps(SchedulerConfig config, float[] alphas)
        {
            double least = config.Number(
                "lambda_min_clipped", double.NegativeInfinity, double.NegativeInfinity, double.MaxValue);
            int usable = alphas.Length;
            while (usable > 1 && Lambda(alphas[usable - 1]) < least)
            {
                usable--;
            }

            return usable;

            static float Lambda(float alpha)
                => (float)Math.Log(MathF.Sqrt(alpha)) - (float)Math.Log(MathF.Sqrt(1f - alpha));
        }

        /// <summary>As the other schedulers' timesteps, except that the last interval ends where the data is.</summary>
        private static double[] Spread(SchedulerConfig config, int steps, int usable)
        {
            int train = NoiseSchedule.TrainTimesteps(config);
            TimestepSpacing spacing = TimestepSchedule.Spacing(config, "linspace");
            int most = spacing == TimestepSpacing.Trailing ? usable : usable - 1;
            TimestepSchedule.CheckSteps(steps, most, config);
            if (spacing == TimestepSpacing.Linspace)
            {
                double[] ramp = new double[steps + 1];
                TimestepSchedule.Ramp(usable - 1, ramp);
                return Array.ConvertAll(ramp[..steps], Math.Round);
            }

            List<double> timesteps = [];
            int offset = TimestepSchedule.Offset(config);
            for (int i = 0; i < steps; i++)
            {
                double t = spacing == TimestepSpacing.Leading
                    ? ((steps - i) * (usable / (steps + 1))) + offset
                    : Math.Round(usable - (i * ((double)train / steps))) - 1;
                if (t >= 0)
                {
                    timesteps.Add(t);
                }
            }

            return TimestepSchedule.CheckRange([.. timesteps], train, config);
        }
    }
}
