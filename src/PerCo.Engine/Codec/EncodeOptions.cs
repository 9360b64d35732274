using PerCo.Engine.Codec.Captions;

namespace PerCo.Engine.Codec;

/// <summary>What can be chosen when a picture is encoded. The defaults are what the model suggests.</summary>
public sealed record EncodeOptions
{
    /// <summary>Bits per pixel of the codes: the model's nearest rate is taken; its first where null.</summary>
    public double? BitsPerPixel { get; init; }

    /// <summary>The caption; null for the captioner's, empty for none.</summary>
    public string? Caption { get; init; }

    /// <summary>Whether codes are stored; without, the caption alone describes the picture.</summary>
    public bool Codes { get; init; } = true;

    /// <summary>Seed to store; null stores none, which decoders take as 0.</summary>
    public ulong? Seed { get; init; }

    /// <summary>Denoising steps to suggest; null for the model's.</summary>
    public int? Steps { get; init; }

    /// <summary>Guidance scale to suggest, 0 to 100 in steps of 0.01; null for the model's.</summary>
    public double? Guidance { get; init; }

    /// <summary>
    /// Most bytes of memory that the whole process may take; null for what the system or its container has. The work
    /// is planned to stay below, and refused before it starts where it cannot; on the CPU only.
    /// </summary>
    public long? MemoryLimit { get; init; }

    /// <summary>Refuses what no file can hold, before anything is computed.</summary>
    internal void Check()
    {
        DecodeOptions.CheckSteps(Steps);
        DecodeOptions.CheckMemory(MemoryLimit);
        DecodeOptions.CheckScale(Guidance, nameof(Guidance));
        if (Caption is { } caption)
        {
            CaptionCoder.Check(caption);
        }
    }
}
