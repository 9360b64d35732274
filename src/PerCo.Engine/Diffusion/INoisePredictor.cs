namespace PerCo.Engine.Diffusion;

/// <summary>The denoising network with its conditions, as the sampling loop sees it.</summary>
internal interface INoisePredictor
{
    /// <summary>Predicts for one latent under several sets of conditions, as one batch.</summary>
    /// <param name="latents">The scaled sample, n elements; every row of the batch starts from it.</param>
    /// <param name="timestep">The timestep, on the training scale.</param>
    /// <param name="rows">The conditions of each row of the batch; the same at every step of a run.</param>
    /// <param name="outputs">Receives rows.Length × n elements, row after row, in the layout of the latents.</param>
    void Predict(ReadOnlySpan<float> latents, float timestep, ReadOnlySpan<Conditions> rows, Span<float> outputs);
}
