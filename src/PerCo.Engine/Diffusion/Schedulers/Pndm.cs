namespace PerCo.Engine.Diffusion.Schedulers;

/// <summary>
/// Pseudo numerical methods (Liu et al. 2022, arXiv 2202.09778): four-point linear multistep steps, equation 9 as the
/// transfer. Its start is either three pseudo Runge–Kutta steps of four evaluations each, or, with
/// <c>skip_prk_steps</c>, multistep formulas of growing order after one repeated evaluation (PLMS).
/// Reference: scheduling_pndm.py.
/// </summary>
internal sealed class Pndm : Scheduler
{
    private const int RungeKuttaSteps = 3;
    private const int StageCount = 4;

    private readonly float[] _alphasCumprod;
    private readonly float _finalAlphaCumprod;
    private readonly int _stride;
    private readonly bool _velocity;
    private readonly bool _skipRungeKutta;
    private readonly List<float[]> _history = [];
    private float[] _stepStart = [];
    private float[] _combined = [];

    public Pndm(SchedulerConfig config, int steps)
        : base(MakeTimesteps(config, steps), 1f)
    {
        _alphasCumprod = NoiseSchedule.AlphasCumprod(NoiseSchedule.Betas(config));
        _finalAlphaCumprod = config.Flag("set_alpha_to_one", false) ? 1f : _alphasCumprod[0];
        _stride = _alphasCumprod.Length / steps;
        _skipRungeKutta = SkipsRungeKutta(config);
        _velocity = PredictionTypes.Read(config) switch
        {
            PredictionType.Velocity => true,
            PredictionType.Epsilon => false,
            _ => throw config.Bad("prediction_type", "one of epsilon, v_prediction for PNDM"),
        };
    }

    /// <inheritdoc/>
    protected override void Advance(ReadOnlySpan<float> modelOutput, int stepIndex, Span<float> sample)
    {
        if (stepIndex == 0)
        {
            _stepStart = new float[sample.Length];
            _combined = new float[sample.Length];
        }

        if (!_skipRungeKutta && stepIndex < RungeKuttaSteps * StageCount)
        {
            RungeKutta(modelOutput, stepIndex, sample);
        }
        else
        {
            Multistep(modelOutput, stepIndex, sample);
        }
    }

    private static bool SkipsRungeKutta(SchedulerConfig config) => config.Flag("skip_prk_steps", false);

    private static float[] MakeTimesteps(SchedulerConfig config, int steps)
    {
        int[] descending = TimestepSchedule.DescendingWhole(config, "leading", steps);
        List<float> timesteps = [];
        if (SkipsRungeKutta(config))
        {
            // The second evaluation repeats the second timestep: it corrects the first, which was of order one.
            for (int i = 0; i < descending.Length; i++)
            {
                timesteps.Add(descending[i]);
                if (i == 1)
                {
                    timesteps.Add(descending[i]);
                }
            }

            return [.. timesteps];
        }

        if (steps <= RungeKuttaSteps)
        {
            throw new PerCoException(
                $"{config.Source}: field 'skip_prk_steps' is false, so PNDM needs at least {RungeKuttaSteps + 1} "
                + $"steps, got {steps}. Choose more.") { Remedies = [Remedy.Steps] };
        }

        // A step's four evaluations: at its start, twice half-way, and at its end, where the next one starts.
        int half = NoiseSchedule.TrainTimesteps(config) / steps / 2;
        for (int i = 0; i < RungeKuttaSteps; i++)
        {
            float middle = descending[i + 1] + half;
            timesteps.AddRange([descending[i], middle, middle, descending[i + 1]]);
        }

        timesteps.AddRange(descending.Skip(RungeKuttaSteps).Select(t => (float)t));
        return [.. timesteps];
    }

    private void RungeKutta(ReadOnlySpan<float> modelOutput, int stepIndex, Span<float> sample)
    {
        int stage = stepIndex % StageCount;
        if (stage == 0)
        {
            Remember(modelOutput);
            sample.CopyTo(_stepStart);
            Array.Clear(_combined);
        }

        // Classical weights 1/6, 1/3, 1/3, 1/6; only the last stage moves by their sum.
        float weight = stage is 0 or 3 ? (float)(1.0 / 6) : (float)(1.0 / 3);
        for (int i = 0; i < sample.Length; i++)
        {
            _combined[i] += weight * modelOutput[i];
        }

        int timestep = (int)Timesteps[stepIndex - stage];
        int target = (int)Timesteps[stepIndex] - (stage % 2 == 0 ? _stride / 2 : 0);
        Transfer(_stepStart, stage == 3 ? _combined : modelOutput, timestep, target, sample);
    }

    private void Multistep(ReadOnlySpan<float> modelOutput, int stepIndex, Span<float> sample)
    {
        int timestep = (int)Timesteps[stepIndex];
        if (_skipRungeKutta && stepIndex == 1)
        {
            // The first step again, from where it started, with the mean of the slopes at its two ends.
            for (int i = 0; i < sample.Length; i++)
            {
                _combined[i] = (modelOutput[i] + _history[0][i]) / 2;
            }

            Transfer(_stepStart, _combined, timestep + _stride, timestep, sample);
            return;
        }

        if (stepIndex == 0)
        {
            sample.CopyTo(_stepStart);
        }

        Remember(modelOutput);
        Extrapolate();
        Transfer(sample, _combined, timestep, timestep - _stride, sample);
    }

    /// <summary>Puts a prediction first in the history, which keeps four.</summary>
    private void Remember(ReadOnlySpan<float> modelOutput)
    {
        float[] newest = _history.Count == StageCount ? _history[^1] : new float[modelOutput.Length];
        if (_history.Count == StageCount)
        {
            _history.RemoveAt(_history.Count - 1);
        }

        modelOutput.CopyTo(newest);
        _history.Insert(0, newest);
    }

    /// <summary>Adams–Bashforth formula of the order that the history allows.</summary>
    private void Extrapolate()
    {
        List<float[]> e = _history;
        for (int i = 0; i < _combined.Length; i++)
        {
            _combined[i] = e.Count switch
            {
                1 => e[0][i],
                2 => ((3 * e[0][i]) - e[1][i]) / 2,
                3 => ((23 * e[0][i]) - (16 * e[1][i]) + (5 * e[2][i])) / 12,
                _ => (float)(1.0 / 24)
                    * ((55 * e[0][i]) - (59 * e[1][i]) + (37 * e[2][i]) - (9 * e[3][i])),
            };
        }
    }

    /// <summary>Equation 9: moves from one timestep to another along a prediction.</summary>
    private void Transfer(
        ReadOnlySpan<float> from, ReadOnlySpan<float> output, int timestep, int target, Span<float> moved)
    {
        float alpha = AlphaCumprod(timestep);
        float alphaTarget = AlphaCumprod(target);
        float beta = 1f - alpha;
        float betaTarget = 1f - alphaTarget;
        float rootAlpha = MathF.Sqrt(alpha);
        float rootBeta = MathF.Sqrt(beta);
        float keep = MathF.Sqrt(alphaTarget / alpha);
        float difference = alphaTarget - alpha;
        float denominator = (alpha * MathF.Sqrt(betaTarget)) + MathF.Sqrt(alpha * beta * alphaTarget);
        for (int i = 0; i < moved.Length; i++)
        {
            float noise = _velocity ? (rootAlpha * output[i]) + (rootBeta * from[i]) : output[i];
            moved[i] = (keep * from[i]) - (difference * noise / denominator);
        }
    }

    private float AlphaCumprod(int timestep)
        => timestep >= 0 ? _alphasCumprod[timestep] : _finalAlphaCumprod;
}
