using PerCo.Engine.Diffusion.Schedulers;

namespace PerCo.Engine.Diffusion;

/// <summary>
/// The schedulers that there are: the short name that users choose by, diffusers' class, and our class.
/// </summary>
public static class SchedulerCatalog
{
    private static readonly Entry[] Entries =
    [
        new("ddim", "DDIMScheduler", (config, steps) => new Ddim(config, steps)),
        new("pndm", "PNDMScheduler", (config, steps) => new Pndm(config, steps)),
        new("dpm++", "DPMSolverMultistepScheduler", (config, steps) => new DpmSolverMultistep(config, steps)),
        new("euler", "EulerDiscreteScheduler", (config, steps) => new EulerDiscrete(config, steps)),
    ];

    /// <summary>The short names, in the order of the list.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Entries.Select(e => e.Name)];

    /// <summary>Makes a scheduler for one sampling run.</summary>
    /// <param name="name">One of <see cref="Names"/>, or null for the class that the configuration names.</param>
    /// <param name="config">The model's scheduler configuration, written for this class or for another.</param>
    /// <param name="steps">The number of steps, at least 1.</param>
    /// <exception cref="PerCoException">
    /// The name or class is unknown, a field is bad or asks for something unsupported, or the steps are out of range.
    /// </exception>
    internal static IScheduler Create(string? name, SchedulerConfig config, int steps)
    {
        ArgumentNullException.ThrowIfNull(config);
        string known = string.Join(", ", Names);
        if (name is null)
        {
            Entry? named = Array.Find(Entries, e => e.ClassName == config.ClassName);
            return (named ?? throw config.Bad(
                "_class_name", $"one of {string.Join(", ", Entries.Select(e => e.ClassName))}")).Create(config, steps);
        }

        Entry? entry = Array.Find(Entries, e => string.Equals(e.Name, name, StringComparison.OrdinalIgnoreCase));
        return (entry ?? throw new PerCoException(
            $"Unknown scheduler '{name}', expected one of {known}.")).Create(config, steps);
    }

    private sealed record Entry(string Name, string ClassName, Func<SchedulerConfig, int, IScheduler> Create);
}
