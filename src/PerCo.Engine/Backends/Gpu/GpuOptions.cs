namespace PerCo.Engine.Backends.Gpu;

/// <summary>How a GPU backend computes.</summary>
public sealed record GpuOptions
{
    /// <summary>What weights and activations are stored as.</summary>
    public GpuPrecision Precision { get; init; }

    /// <summary>
    /// Whether the verdict on a device's kernels is kept for the next start, and taken from an earlier one.
    /// </summary>
    public bool Cache { get; init; } = true;

    /// <summary>
    /// Is told, a line at a time, what a user should know: that a device is checked at its first use, which kernel is
    /// wrong on it, why no GPU is used.
    /// </summary>
    public Action<string>? Notice { get; init; }

    /// <summary>Is told what only some users want to know: how much memory a picture will take.</summary>
    public Action<string>? Detail { get; init; }

    /// <summary>Whether kernels are checked before they are used.</summary>
    internal bool Check { get; init; } = true;

    /// <summary>Completes when a check that has just begun takes too long; the default where null.</summary>
    internal Func<Task>? Patience { get; init; }

    /// <summary>
    /// Whether kernels for tensor cores can be used on the host's processor, slowly: their emulation checks the index
    /// arithmetic.
    /// </summary>
    internal bool EmulateTensorCores { get; init; }

    /// <summary>
    /// For how many compute units products are cut into tiles; as many as the device has where null. An emulated device
    /// has any number.
    /// </summary>
    internal int? ComputeUnits { get; init; }
}
