using PerCo.Engine.Backends.Gpu.Cuda;
using PerCo.Engine.Backends.Gpu.OpenCl;

namespace PerCo.Engine.Backends.Gpu;

/// <summary>The drivers there are.</summary>
internal static class GpuDrivers
{
    /// <summary>All of them, in the order in which they are listed; AutomaticDevice has a preference.</summary>
    public static IReadOnlyList<IGpuDriver> All { get; } = [new OpenClDriver(), new CudaDriver()];
}
