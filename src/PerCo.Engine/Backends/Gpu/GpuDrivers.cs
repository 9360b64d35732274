using PerCo.Engine.Backends.Gpu.Cuda;
using PerCo.Engine.Backends.Gpu.OpenCl;

namespace PerCo.Engine.Backends.Gpu;

/// <summary>The drivers there are.</summary>
internal static class GpuDrivers
{
    /// <summary>NVIDIA's, which is preferred where both see a GPU.</summary>
    public static IGpuDriver Cuda { get; } = new CudaDriver();

    /// <summary>Everybody's.</summary>
    public static IGpuDriver OpenCl { get; } = new OpenClDriver();

    /// <summary>All of them, in the order in which they are listed.</summary>
    public static IReadOnlyList<IGpuDriver> All { get; } = [OpenCl, Cuda];
}
