using PerCo.Engine.Tensors.Ops;

namespace PerCo.Engine.Diffusion;

/// <summary>
/// Turns the network's predictions into a path from noise to a latent. One object serves one sampling run: it may hold
/// history, so steps are taken once, in order. Everything is element-wise, so latents may lie in any layout.
/// </summary>
internal interface IScheduler
{
    /// <summary>
    /// One entry per evaluation of the network, in the order of the run, on the training scale (0 is clean). Whole
    /// numbers for most schedulers, fractional for Euler. A scheduler may need more evaluations than steps (PNDM).
    /// </summary>
    ReadOnlySpan<float> Timesteps { get; }

    /// <summary>The standard deviation that the starting noise must be scaled to.</summary>
    float InitNoiseSigma { get; }

    /// <summary>Writes what the network must see at a step.</summary>
    /// <param name="sample">The current sample.</param>
    /// <param name="stepIndex">Index into <see cref="Timesteps"/>.</param>
    /// <param name="scaled">Receives the network's input; as long as <paramref name="sample"/>.</param>
    /// <exception cref="ArgumentException">The lengths differ, or the index is not the next step's.</exception>
    void ScaleModelInput(ReadOnlySpan<float> sample, int stepIndex, Span<float> scaled);

    /// <summary>Advances the sample by one step, in place.</summary>
    /// <param name="modelOutput">The network's (guided) prediction for this step.</param>
    /// <param name="stepIndex">Index into <see cref="Timesteps"/>: 0, 1, 2 … once each.</param>
    /// <param name="sample">The current sample; receives the next one.</param>
    /// <exception cref="ArgumentException">The lengths differ or changed, or a step is repeated or skipped.</exception>
    void Step(ReadOnlySpan<float> modelOutput, int stepIndex, Span<float> sample);

    /// <summary>
    /// A step as numbers, for a device that takes it; null where steps depend on earlier ones, for all or for none.
    /// </summary>
    DenoiseStep? StepAt(int stepIndex);

    /// <summary>What <see cref="ScaleModelInput"/> multiplies by at a step.</summary>
    float InputScaleAt(int stepIndex);
}
