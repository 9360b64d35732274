using PerCo.Engine.Backends.Gpu.Cuda;
using PerCo.Engine.Backends.Gpu.OpenCl;

namespace PerCo.Engine.Backends.Gpu;

/// <summary>The drivers there are.</summary>
internal static class GpuDrivers
{
    /// <summary>All of them, the one that has been tried on more devices first.</summary>
    public static IReadOnlyList<IGpuDriver> All { get; } = [new OpenClDriver(), new CudaDriver()];
}
