namespace PerCo.Engine.Backends.Gpu;

/// <summary>
/// A way to reach devices: OpenCL or the CUDA driver. Its library is loaded at run time, when first asked.
/// </summary>
internal interface IGpuDriver
{
    /// <summary>Short name, the first part of what <see cref="BackendCatalog"/> takes.</summary>
    string Name { get; }

    /// <summary>
    /// The devices in a fixed order, also those that cannot be used, each with the reason.
    /// </summary>
    /// <exception cref="PerCoException">The driver is missing or broken: says why, and what to install.</exception>
    IReadOnlyList<GpuDeviceInfo> Enumerate();

    /// <summary>Opens a device.</summary>
    /// <param name="info">One of <see cref="Enumerate"/>'s.</param>
    /// <exception cref="PerCoException">The device cannot be used, or opening it failed.</exception>
    GpuDevice Open(GpuDeviceInfo info);
}
