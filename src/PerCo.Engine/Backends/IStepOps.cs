using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;

namespace PerCo.Engine.Backends;

/// <summary>
/// What a backend offers on top of <see cref="Backend"/> where the host would be in the way: a denoising step that is
/// recorded once and then repeated, with nothing but a few numbers going to the device and one coming back.
/// </summary>
internal interface IStepOps
{
    /// <summary>Prepares a run.</summary>
    /// <param name="sample">
    /// [rows · pictures, height, width, channels]: the network's input, all pictures under one set of conditions after
    /// all under another.
    /// </param>
    /// <param name="rows">Sets of conditions, each with a weight of its own in a step.</param>
    /// <param name="features">Numbers that the network is told about a timestep.</param>
    /// <param name="network">
    /// (input, features [rows · pictures, features]) → prediction, of the input's shape. Called twice; the second call
    /// is recorded.
    /// </param>
    IDenoisingRun StartRun(Shape sample, int rows, int features, Func<Tensor, Tensor, Tensor> network);
}

/// <summary>A denoising run on a device. Either all steps are taken by the device, or all by the host.</summary>
internal interface IDenoisingRun : IDisposable
{
    /// <summary>Only evaluates the network, for the pictures' samples under all sets of conditions.</summary>
    void Predict(ReadOnlySpan<float> input, ReadOnlySpan<float> features, Span<float> outputs);

    /// <summary>Gives the device its starting sample.</summary>
    /// <param name="sample">The samples of all pictures.</param>
    /// <param name="inputScale">What the network's first input is of it.</param>
    void Begin(ReadOnlySpan<float> sample, float inputScale);

    /// <summary>Evaluates the network and takes a step.</summary>
    /// <param name="features">What the network is told about the timestep.</param>
    /// <param name="step">The step.</param>
    /// <param name="inputScale">What the network's next input is of the new sample.</param>
    /// <param name="weights">Weights of the predictions, one for each set of conditions.</param>
    /// <returns>The largest magnitude of the new sample; infinity where a value is not finite.</returns>
    float Step(ReadOnlySpan<float> features, in DenoiseStep step, float inputScale, ReadOnlySpan<float> weights);

    /// <summary>Reads the sample.</summary>
    void Read(Span<float> sample);
}
