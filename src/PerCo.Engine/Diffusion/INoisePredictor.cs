namespace PerCo.Engine.Diffusion;

/// <summary>The denoising network with its conditions, as the sampling loop sees it.</summary>
internal interface INoisePredictor
{
    /// <summary>
    /// Predicts for the latents of one or more pictures under several sets of conditions, as one batch.
    /// </summary>
    /// <param name="latents">The scaled samples, n elements; every set of conditions starts from them.</param>
    /// <param name="timestep">The timestep, on the training scale.</param>
    /// <param name="rows">The sets of conditions; the same at every step of a run.</param>
    /// <param name="outputs">Receives rows.Length × n elements, row after row, in the layout of the latents.</param>
    void Predict(ReadOnlySpan<float> latents, float timestep, ReadOnlySpan<Conditions> rows, Span<float> outputs);
}
