namespace PerCo.Engine.Codec;

/// <summary>What can be chosen when a picture is drawn: overrides the file, which overrides the model.</summary>
public sealed record DecodeOptions
{
    /// <summary>Seed of the starting noise; the file's or 0 where null.</summary>
    public ulong? Seed { get; init; }

    /// <summary>Denoising steps, 1 to 1000.</summary>
    public int? Steps { get; init; }

    /// <summary>Guidance scale on the caption, 0 to 100; 1 is none.</summary>
    public double? Guidance { get; init; }

    /// <summary>Guidance scale on the codes, 0 to 100; 1 is none.</summary>
    public double CodesGuidance { get; init; } = 1;

    /// <summary>Sampler, one of <c>SchedulerCatalog.Names</c>; the model's where null.</summary>
    public string? Scheduler { get; init; }

    /// <summary>Whether a file that was made with another model is decoded all the same.</summary>
    public bool AnyModel { get; init; }

    /// <summary>
    /// Most bytes of memory that the whole process may take; null for what the system or its container has. The work
    /// is planned to stay below, and refused before it starts where it cannot; on the CPU only.
    /// </summary>
    public long? MemoryLimit { get; init; }

    /// <summary>
    /// Rows and columns of a latent that are denoised at once; larger latents are denoised in windows of this size.
    /// </summary>
    internal int LatentWindow { get; init; } = NoisePredictors.DefaultWindow;

    /// <summary>Refuses values without a meaning, before anything is computed.</summary>
    internal void Check()
    {
        CheckSteps(Steps);
        CheckMemory(MemoryLimit);
        CheckScale(Guidance, nameof(Guidance));
        CheckScale(CodesGuidance, nameof(CodesGuidance));
    }

    internal static void CheckScale(double? scale, string name)
    {
        if (scale is { } given && !Diffusion.Guidance.IsScale(given))
        {
            throw new ArgumentOutOfRangeException(
                name, given, $"A guidance scale is from 0 to {Diffusion.Guidance.MaxScale}.");
        }
    }

    internal static void CheckMemory(long? limit)
    {
        if (limit is { } bytes)
        {
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bytes, nameof(MemoryLimit));
        }
    }

    internal static void CheckSteps(int? steps)
    {
        if (steps is { } count)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(count, 1, nameof(Steps));
            ArgumentOutOfRangeException.ThrowIfGreaterThan(count, PerCoFileReader.MaxSteps, nameof(Steps));
        }
    }
}
