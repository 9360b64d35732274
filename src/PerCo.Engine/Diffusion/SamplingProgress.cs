namespace PerCo.Engine.Diffusion;

/// <summary>How far a sampling run is; reported after each evaluation of the network.</summary>
/// <param name="Step">Evaluations done, from 1.</param>
/// <param name="Steps">Evaluations in all; some schedulers need more than the steps that were asked for.</param>
/// <param name="Timestep">The timestep just done, on the training scale.</param>
/// <param name="Elapsed">Time since the run began.</param>
internal readonly record struct SamplingProgress(int Step, int Steps, float Timestep, TimeSpan Elapsed)
{
    /// <summary>The time left if the remaining steps take as long as the mean so far.</summary>
    public TimeSpan Remaining => Elapsed / Step * (Steps - Step);
}
