namespace PerCo.Engine.Backends.Gpu;

/// <summary>What is known of a device before it is opened.</summary>
/// <param name="Driver">"opencl" or "cuda".</param>
/// <param name="Index">Position in the driver's list; <see cref="BackendCatalog"/> takes it after a colon.</param>
/// <param name="Name">The device's name.</param>
/// <param name="Version">Version of driver and platform.</param>
public sealed record GpuDeviceInfo(string Driver, int Index, string Name, string Version)
{
    /// <summary>Whether the "device" is the host's processor, as with PoCL: kernels take other tile shapes.</summary>
    public bool IsCpu { get; init; }

    /// <summary>Bytes of device memory.</summary>
    public long Memory { get; init; }

    /// <summary>Most bytes of a single buffer.</summary>
    public long LargestBuffer { get; init; }

    /// <summary>Bytes of on-chip memory that a work-group can have.</summary>
    public long LocalMemory { get; init; }

    /// <summary>Number of compute units (multiprocessors).</summary>
    public int ComputeUnits { get; init; }

    /// <summary>Why the device cannot be used; null where it can.</summary>
    public string? Rejection { get; init; }

    /// <summary>The whole name that <see cref="BackendCatalog"/> takes.</summary>
    public string Selector => $"{Driver}:{Index}";
}
