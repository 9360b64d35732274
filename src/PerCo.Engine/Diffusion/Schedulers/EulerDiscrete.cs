using PerCo.Engine.Tensors.Ops;

namespace PerCo.Engine.Diffusion.Schedulers;

/// <summary>
/// Euler's method on the probability-flow equation dx/dσ = (x − x₀)/σ (Karras et al. 2022, arXiv 2206.00364,
/// algorithm 2 without churn). The sample here is x₀ + σ·noise, so that the network's input must be scaled back to
/// unit variance. Reference: scheduling_euler_discrete.py.
/// </summary>
internal sealed class EulerDiscrete : Scheduler
{
    private readonly float[] _sigmas;
    private readonly PredictionType _prediction;

    public EulerDiscrete(SchedulerConfig config, int steps)
        : this(config, Plan.Make(config, steps))
    {
    }

    private EulerDiscrete(SchedulerConfig config, Plan plan)
        : base(plan.Timesteps, plan.InitNoiseSigma)
    {
        _sigmas = plan.Sigmas;
        _prediction = PredictionTypes.Read(config);
    }

    /// <inheritdoc/>
    public override DenoiseStep? StepAt(int stepIndex)
    {
        float sigma = _sigmas[stepIndex];
        float variance = (sigma * sigma) + 1f;
        (float cleanX, float cleanO) = _prediction switch
        {
            PredictionType.Epsilon => (1f, -sigma),
            PredictionType.Velocity => (1 / variance, -sigma / MathF.Sqrt(variance)),
            _ => (0f, 1f),
        };

        // x + (x − clean) / σ · (σ_next − σ)
        float move = (_sigmas[stepIndex + 1] - sigma) / sigma;
        return new DenoiseStep(cleanX, cleanO, float.PositiveInfinity, -move, 1 + move, 0);
    }

    /// <inheritdoc/>
    public override float InputScaleAt(int stepIndex) =>
        1 / MathF.Sqrt((_sigmas[stepIndex] * _sigmas[stepIndex]) + 1f);

    /// <inheritdoc/>
    protected override void Scale(ReadOnlySpan<float> sample, int stepIndex, Span<float> scaled)
    {
        float sigma = _sigmas[stepIndex];
        float deviation = MathF.Sqrt((sigma * sigma) + 1f);
        for (int i = 0; i < sample.Length; i++)
        {
            scaled[i] = sample[i] / deviation;
        }
    }

    /// <inheritdoc/>
    protected override void Advance(ReadOnlySpan<float> modelOutput, int stepIndex, Span<float> sample)
    {
        float sigma = _sigmas[stepIndex];
        float variance = (sigma * sigma) + 1f;
        float outputWeight = -sigma / MathF.Sqrt(variance);
        float move = _sigmas[stepIndex + 1] - sigma;
        for (int i = 0; i < sample.Length; i++)
        {
            float x = sample[i];
            float output = modelOutput[i];
            float clean = _prediction switch
            {
                PredictionType.Epsilon => x - (sigma * output),
                PredictionType.Velocity => (output * outputWeight) + (x / variance),
                _ => output,
            };
            sample[i] = x + ((x - clean) / sigma * move);
        }
    }

    /// <summary>Timesteps and noise levels of a run; the last level is 0.</summary>
    private sealed record Plan(float[] Timesteps, float[] Sigmas, float InitNoiseSigma)
    {
        public static Plan Make(SchedulerConfig config, int steps)
        {
            _ = config.Choice("interpolation_type", "linear", ("linear", 0));
            _ = config.Choice("timestep_type", "discrete", ("discrete", 0));
            float[] table = NoiseSchedule.Sigmas(NoiseSchedule.AlphasCumprod(config, smallestAlpha: 1f / (1 << 24)));
            double[] timesteps = TimestepSchedule.Descending(config, "linspace", steps);
            double[] sigmas = SigmaSchedule.Interpolate(timesteps, table);
            if (config.Flag("use_karras_sigmas", false))
            {
                sigmas = SigmaSchedule.Karras(config, sigmas[^1], sigmas[0], steps);
                timesteps = SigmaSchedule.ToTimesteps(sigmas, table);
            }

            float largest = (float)sigmas.Max();
            bool leading = TimestepSchedule.Spacing(config, "linspace") == TimestepSpacing.Leading;
            return new Plan(
                Array.ConvertAll(timesteps, t => (float)t),
                [.. sigmas.Select(s => (float)s), 0f],
                leading ? MathF.Sqrt((largest * largest) + 1f) : largest);
        }
    }
}
