using PerCo.Engine.Tensors;

namespace PerCo.Engine.Backends.Gpu;

/// <summary>Access to the memory of tensors on a GPU.</summary>
internal static class GpuTensorAccess
{
    /// <summary>The tensor's device memory.</summary>
    public static GpuBuffer Buffer(this Tensor tensor) => ((GpuMemory)tensor.Storage).Buffer;
}
