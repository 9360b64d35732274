using PerCo.Engine.Tensors.Ops;

namespace PerCo.Engine.Diffusion;

/// <summary>
/// A predictor that can also take the steps where it computes, so that samples do not return to the host in between.
/// </summary>
internal interface IStepTaker
{
    /// <summary>Whether it can.</summary>
    bool CanStep { get; }

    /// <summary>Starts a run.</summary>
    /// <param name="sample">The starting sample.</param>
    /// <param name="inputScale">What the network's first input is of it.</param>
    void Begin(ReadOnlySpan<float> sample, float inputScale);

    /// <summary>Predicts under all sets of conditions and takes a step.</summary>
    /// <param name="timestep">The timestep, on the training scale.</param>
    /// <param name="step">The step.</param>
    /// <param name="inputScale">What the network's next input is of the new sample.</param>
    /// <param name="weights">Weights of the predictions, in the order of the guidance's rows.</param>
    /// <returns>The largest magnitude of the new sample; infinity where a value is not finite.</returns>
    float Step(float timestep, in DenoiseStep step, float inputScale, ReadOnlySpan<float> weights);

    /// <summary>Reads the sample.</summary>
    void Read(Span<float> sample);
}
