namespace PerCo.Engine.Backends.Gpu.Cuda;

/// <summary>A CUdeviceptr.</summary>
internal sealed unsafe class CudaBuffer(CudaDevice device, nint handle, long bytes) : GpuBuffer(handle, bytes)
{
    private bool _released;

    /// <inheritdoc/>
    public override void Dispose()
    {
        if (!_released)
        {
            _released = true;
            device.MakeCurrent();
            _ = device.Api.MemFree(Handle);
        }
    }
}
