namespace PerCo.Engine.Backends.Gpu;

/// <summary>How a GPU backend computes.</summary>
public sealed record GpuOptions
{
    /// <summary>What weights and activations are stored as.</summary>
    public GpuPrecision Precision { get; init; }
}
