namespace PerCo.Engine.Backends.Gpu;

/// <summary>A block of device memory.</summary>
/// <param name="handle">The driver's handle: a cl_mem, or a CUdeviceptr.</param>
/// <param name="bytes">Size.</param>
internal abstract class GpuBuffer(nint handle, long bytes) : IDisposable
{
    /// <summary>The driver's handle.</summary>
    public nint Handle { get; } = handle;

    /// <summary>Size in bytes.</summary>
    public long Bytes { get; } = bytes;

    /// <inheritdoc/>
    public abstract void Dispose();
}
