namespace PerCo.Engine.Diffusion;

/// <summary>Which of the training timesteps a run visits (arXiv 2305.08891, table 2).</summary>
internal enum TimestepSpacing
{
    /// <summary>From the last timestep to the first, evenly, both included.</summary>
    Linspace,

    /// <summary>Multiples of ⌊T/steps⌋, plus the offset; the noisiest timesteps are left out.</summary>
    Leading,

    /// <summary>Backwards from the last timestep by T/steps; the cleanest timesteps are left out.</summary>
    Trailing,
}
