namespace PerCo.Engine.Codec;

/// <summary>What a reader refuses, so that a small hostile file cannot take much memory or time.</summary>
public sealed record PerCoFileLimits
{
    /// <summary>64 megapixels and 16 MiB.</summary>
    public static readonly PerCoFileLimits Default = new();

    /// <summary>Most pixels of a picture.</summary>
    public long MaxPixels { get; init; } = 64L << 20;

    /// <summary>Most bytes of a file.</summary>
    public long MaxFileBytes { get; init; } = 16L << 20;
}
