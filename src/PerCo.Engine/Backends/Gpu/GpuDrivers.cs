using PerCo.Engine.Backends.Gpu.OpenCl;

namespace PerCo.Engine.Backends.Gpu;

/// <summary>The drivers there are.</summary>
internal static class GpuDrivers
{
    /// <summary>All of them, the preferred one first.</summary>
    public static IReadOnlyList<IGpuDriver> All { get; } = [new OpenClDriver()];
}
