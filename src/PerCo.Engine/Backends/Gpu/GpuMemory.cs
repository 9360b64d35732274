using PerCo.Engine.Tensors;

namespace PerCo.Engine.Backends.Gpu;

/// <summary>Device memory of a tensor.</summary>
internal abstract class GpuMemory(GpuBuffer buffer) : TensorStorage
{
    /// <summary>The device memory.</summary>
    public GpuBuffer Buffer => buffer;
}
