using PerCo.Engine.Tensors.Ops;

namespace PerCo.Engine.Diffusion;

/// <summary>
/// What all schedulers share: the list of timesteps, and the checks of lengths and of the order of steps.
/// </summary>
internal abstract class Scheduler : IScheduler
{
    private readonly float[] _timesteps;
    private int _next;
    private int _length = -1;

    protected Scheduler(float[] timesteps, float initNoiseSigma)
    {
        _timesteps = timesteps;
        InitNoiseSigma = initNoiseSigma;
    }

    /// <inheritdoc/>
    public ReadOnlySpan<float> Timesteps => _timesteps;

    /// <inheritdoc/>
    public float InitNoiseSigma { get; }

    /// <inheritdoc/>
    public void ScaleModelInput(ReadOnlySpan<float> sample, int stepIndex, Span<float> scaled)
    {
        Check(sample.Length, scaled.Length, stepIndex);
        Scale(sample, stepIndex, scaled);
    }

    /// <inheritdoc/>
    public void Step(ReadOnlySpan<float> modelOutput, int stepIndex, Span<float> sample)
    {
        Check(sample.Length, modelOutput.Length, stepIndex);
        _length = sample.Length;
        _next++;
        Advance(modelOutput, stepIndex, sample);
    }

    /// <inheritdoc/>
    public virtual DenoiseStep? StepAt(int stepIndex) => null;

    /// <inheritdoc/>
    public virtual float InputScaleAt(int stepIndex) => 1;

    /// <summary>
    /// Most schedulers keep the sample's variance at what the network was trained with: nothing to scale.
    /// </summary>
    protected virtual void Scale(ReadOnlySpan<float> sample, int stepIndex, Span<float> scaled)
        => sample.CopyTo(scaled);

    /// <summary>One step in place; lengths and order have been checked.</summary>
    protected abstract void Advance(ReadOnlySpan<float> modelOutput, int stepIndex, Span<float> sample);

    private void Check(int length, int otherLength, int stepIndex)
    {
        if (length != otherLength || (_length >= 0 && length != _length))
        {
            throw new ArgumentException(
                $"The sample has {length} elements, the other span {otherLength}"
                + (_length >= 0 ? $", and earlier steps had {_length}." : "."));
        }

        if (stepIndex != _next || stepIndex >= _timesteps.Length)
        {
            throw new ArgumentException(
                $"Step {stepIndex} was asked for, but {_next} of {_timesteps.Length} is next: "
                + "a scheduler object serves one run, in order.",
                nameof(stepIndex));
        }
    }
}
