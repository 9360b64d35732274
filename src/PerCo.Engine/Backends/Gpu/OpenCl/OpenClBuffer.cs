namespace PerCo.Engine.Backends.Gpu.OpenCl;

/// <summary>A cl_mem.</summary>
internal sealed unsafe class OpenClBuffer(OpenClApi api, nint handle, long bytes) : GpuBuffer(handle, bytes)
{
    private bool _released;

    /// <inheritdoc/>
    public override void Dispose()
    {
        if (!_released)
        {
            _released = true;
            _ = api.ReleaseMemObject(Handle);
        }
    }
}
