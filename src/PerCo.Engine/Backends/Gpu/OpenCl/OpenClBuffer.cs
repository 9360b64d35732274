namespace PerCo.Engine.Backends.Gpu.OpenCl;

/// <summary>A cl_mem.</summary>
internal sealed unsafe class OpenClBuffer(OpenClApi api, nint handle, long bytes) : GpuBuffer(handle, bytes)
{
    /// <inheritdoc/>
    protected override void Release() => _ = api.ReleaseMemObject(Handle);
}
