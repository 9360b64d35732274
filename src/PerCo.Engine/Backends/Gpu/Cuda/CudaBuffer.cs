namespace PerCo.Engine.Backends.Gpu.Cuda;

/// <summary>A CUdeviceptr.</summary>
internal sealed unsafe class CudaBuffer(CudaDevice device, nint handle, long bytes) : GpuBuffer(handle, bytes)
{
    /// <inheritdoc/>
    protected override void Release()
    {
        device.TryMakeCurrent();
        _ = device.Api.MemFree(Handle);
    }
}
