using PerCo.Engine.Tensors.Ops;

namespace PerCo.Engine.Diffusion.Schedulers;

/// <summary>
/// Denoising diffusion implicit models without added noise, η = 0 (Song et al. 2021, arXiv 2010.02502, equation 12):
/// x_prev = √ᾱ_prev · x₀ + √(1 − ᾱ_prev) · ε, with x₀ and ε from the prediction. Reference: scheduling_ddim.py.
/// </summary>
internal sealed class Ddim : Scheduler
{
    private readonly float[] _alphasCumprod;
    private readonly float _finalAlphaCumprod;
    private readonly int _stride;
    private readonly PredictionType _prediction;
    private readonly float _clipRange;

    public Ddim(SchedulerConfig config, int steps)
        : base(Array.ConvertAll(TimestepSchedule.DescendingWhole(config, "leading", steps), t => (float)t), 1f)
    {
        config.RefuseFlag("thresholding");
        _alphasCumprod = NoiseSchedule.AlphasCumprod(config, smallestAlpha: null);
        _finalAlphaCumprod = config.Flag("set_alpha_to_one", true) ? 1f : _alphasCumprod[0];
        _stride = _alphasCumprod.Length / steps;
        _prediction = PredictionTypes.Read(config);
        if (_prediction == PredictionType.Epsilon && _alphasCumprod[(int)Timesteps[0]] == 0)
        {
            // Nothing of the picture is left at such a timestep: x₀ would be divided by √ᾱ = 0.
            throw config.Bad("prediction_type", "v_prediction or sample where a timestep is pure noise");
        }

        double range = config.Number("clip_sample_range", 1, 0, float.MaxValue);
        _clipRange = config.Flag("clip_sample", true) ? (float)range : float.PositiveInfinity;
    }

    /// <inheritdoc/>
    public override DenoiseStep? StepAt(int stepIndex)
    {
        (float rootAlpha, float rootBeta, float rootAlphaPrevious, float rootBetaPrevious) = Roots(stepIndex);

        // x₀ and ε as Advance computes them, each as two factors: of the sample, and of the output.
        (float cleanX, float cleanO, float noiseX, float noiseO) = _prediction switch
        {
            PredictionType.Epsilon => (1 / rootAlpha, -rootBeta / rootAlpha, 0f, 1f),
            PredictionType.Velocity => (rootAlpha, -rootBeta, rootBeta, rootAlpha),
            _ => (0f, 1f, 1 / rootBeta, -rootAlpha / rootBeta),
        };
        return new DenoiseStep(
            cleanX, cleanO, _clipRange, rootAlphaPrevious, rootBetaPrevious * noiseX, rootBetaPrevious * noiseO);
    }

    /// <inheritdoc/>
    protected override void Advance(ReadOnlySpan<float> modelOutput, int stepIndex, Span<float> sample)
    {
        (float rootAlpha, float rootBeta, float rootAlphaPrevious, float rootBetaPrevious) = Roots(stepIndex);
        for (int i = 0; i < sample.Length; i++)
        {
            float x = sample[i];
            float output = modelOutput[i];
            (float clean, float noise) = _prediction switch
            {
                PredictionType.Epsilon => ((x - (rootBeta * output)) / rootAlpha, output),
                PredictionType.Velocity =>
                    ((rootAlpha * x) - (rootBeta * output), (rootAlpha * output) + (rootBeta * x)),
                _ => (output, (x - (rootAlpha * output)) / rootBeta),
            };

            // The noise is not derived again from the clipped sample: the reference does so on request only.
            clean = Math.Clamp(clean, -_clipRange, _clipRange);
            sample[i] = (rootAlphaPrevious * clean) + (rootBetaPrevious * noise);
        }
    }

    // √ᾱ and √(1 − ᾱ) of a step, and of the one after it.
    private (float Alpha, float Beta, float AlphaPrevious, float BetaPrevious) Roots(int stepIndex)
    {
        int timestep = (int)Timesteps[stepIndex];
        int previous = timestep - _stride;
        float alpha = _alphasCumprod[timestep];
        float alphaPrevious = previous >= 0 ? _alphasCumprod[previous] : _finalAlphaCumprod;
        return (MathF.Sqrt(alpha), MathF.Sqrt(1f - alpha), MathF.Sqrt(alphaPrevious), MathF.Sqrt(1f - alphaPrevious));
    }
}
