namespace PerCo.Engine.Backends.Gpu;

/// <summary>How a GPU backend computes.</summary>
public sealed record GpuOptions
{
    /// <summary>What weights and activations are stored as.</summary>
    public GpuPrecision Precision { get; init; }

    /// <summary>
    /// Whether kernels for tensor cores can be used on the host's processor, slowly: their emulation checks the index
    /// arithmetic.
    /// </summary>
    internal bool EmulateTensorCores { get; init; }
}
