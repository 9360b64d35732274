namespace PerCo.Engine.Backends.Gpu;

/// <summary>A block of device memory.</summary>
/// <param name="handle">The driver's handle: a cl_mem, or a CUdeviceptr.</param>
/// <param name="bytes">Size.</param>
internal abstract class GpuBuffer(nint handle, long bytes) : IDisposable
{
    private bool _released;

    /// <summary>The driver's handle.</summary>
    public nint Handle { get; } = handle;

    /// <summary>Size in bytes.</summary>
    public long Bytes { get; } = bytes;

    /// <summary>Is told when the memory is given back.</summary>
    public Action<long>? Released { get; init; }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!_released)
        {
            _released = true;
            Release();
            Released?.Invoke(Bytes);
        }
    }

    /// <summary>Gives the memory back. Called once.</summary>
    protected abstract void Release();
}
