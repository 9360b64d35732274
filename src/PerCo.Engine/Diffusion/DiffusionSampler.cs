using System.Diagnostics;
using PerCo.Engine.Tensors;

namespace PerCo.Engine.Diffusion;

/// <summary>The sampling loop: noise becomes a latent in as many evaluations as the scheduler has timesteps.</summary>
internal static class DiffusionSampler
{
    /// <summary>
    /// The largest plausible magnitude of a sample, in units of the starting noise's deviation. Latents stay below
    /// ten; a network that overflows passes this bound steps before it gives NaN.
    /// </summary>
    private const float MaxAbs = 1e4f;

    /// <summary>Runs a scheduler from its first timestep to its last.</summary>
    /// <param name="scheduler">A new scheduler object: it serves one run.</param>
    /// <param name="predictor">The network with its conditions.</param>
    /// <param name="guidance">Which conditions to evaluate and how to combine them.</param>
    /// <param name="latents">Noise of mean 0 and deviation 1 on entry, in any layout; the latent on return.</param>
    /// <param name="progress">Is told after each evaluation, on the calling thread unless it chooses another.</param>
    /// <param name="cancellation">Looked at before each evaluation.</param>
    /// <exception cref="PerCoException">A step gave NaN, infinity or an implausible size; names the step.</exception>
    /// <exception cref="OperationCanceledException">
    /// The run was cancelled; the latents are then unspecified.
    /// </exception>
    public static void Sample(
        IScheduler scheduler,
        INoisePredictor predictor,
        Guidance guidance,
        Span<float> latents,
        IProgress<SamplingProgress>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(scheduler);
        ArgumentNullException.ThrowIfNull(predictor);
        ArgumentNullException.ThrowIfNull(guidance);
        long start = Stopwatch.GetTimestamp();
        float deviation = scheduler.InitNoiseSigma;
        // A schedule whose noise has no end bounds nothing, and infinity would pass for a value.
        float maxAbs = MathF.Min(MaxAbs * MathF.Max(1, deviation), float.MaxValue);
        ReadOnlySpan<float> timesteps = scheduler.Timesteps;
        for (int i = 0; i < latents.Length; i++)
        {
            latents[i] *= deviation;
        }

        if (StepTaker(scheduler, predictor) is { } taker)
        {
            SampleOnDevice(scheduler, taker, guidance, latents, maxAbs, start, progress, cancellation);
            return;
        }

        float[] scaled = new float[latents.Length];
        float[] outputs = new float[checked(guidance.Rows.Length * latents.Length)];
        for (int step = 0; step < timesteps.Length; step++)
        {
            cancellation.ThrowIfCancellationRequested();

            // 1. What the network sees, and its predictions under each set of conditions.
            scheduler.ScaleModelInput(latents, step, scaled);
            predictor.Predict(scaled, timesteps[step], guidance.Rows, outputs);

            // 2. One prediction out of them, and one step along it.
            scheduler.Step(guidance.Combine(outputs), step, latents);

            // 3. Stop at the first step that went wrong, not after the picture has been painted.
            Check(scheduler, step, latents, maxAbs);
            progress?.Report(new SamplingProgress(
                step + 1, timesteps.Length, timesteps[step], Stopwatch.GetElapsedTime(start)));
        }
    }

    /// <summary>What takes the steps, where that is not the host: it has the sample until the run ends.</summary>
    public static IStepTaker? StepTaker(IScheduler scheduler, INoisePredictor predictor) =>
        predictor is IStepTaker { CanStep: true } taker && scheduler.StepAt(0) is not null ? taker : null;

    // The same loop with the samples on the device: only their largest magnitude comes back from a step.
    private static void SampleOnDevice(
        IScheduler scheduler, IStepTaker taker, Guidance guidance, Span<float> latents, float maxAbs, long start,
        IProgress<SamplingProgress>? progress, CancellationToken cancellation)
    {
        ReadOnlySpan<float> timesteps = scheduler.Timesteps;
        Span<float> weights = stackalloc float[guidance.Rows.Length];
        guidance.WriteWeights(weights);
        taker.Begin(latents, scheduler.InputScaleAt(0));
        for (int step = 0; step < timesteps.Length; step++)
        {
            cancellation.ThrowIfCancellationRequested();
            float nextScale = step + 1 < timesteps.Length ? scheduler.InputScaleAt(step + 1) : 1;
            if (!(taker.Step(timesteps[step], scheduler.StepAt(step)!.Value, nextScale, weights) <= maxAbs))
            {
                taker.Read(latents);
                Check(scheduler, step, latents, maxAbs);
            }

            progress?.Report(new SamplingProgress(
                step + 1, timesteps.Length, timesteps[step], Stopwatch.GetElapsedTime(start)));
        }

        taker.Read(latents);
    }

    private static void Check(IScheduler scheduler, int step, ReadOnlySpan<float> latents, float maxAbs) =>
        StageGuard.CheckFinite(
            $"denoising step {step + 1} of {scheduler.Timesteps.Length} (timestep {scheduler.Timesteps[step]})",
            latents, maxAbs);
}
