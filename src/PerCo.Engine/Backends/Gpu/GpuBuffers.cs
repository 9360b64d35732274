namespace PerCo.Engine.Backends.Gpu;

/// <summary>Owns buffers until they are handed over together: where one cannot be made, none stays.</summary>
internal sealed class GpuBuffers : IDisposable
{
    private readonly List<GpuBuffer> _owned = [];

    /// <summary>Takes a buffer.</summary>
    public GpuBuffer Add(GpuBuffer buffer)
    {
        _owned.Add(buffer);
        return buffer;
    }

    /// <summary>Leaves the buffers to what was made of them.</summary>
    public T HandOver<T>(T owner)
    {
        _owned.Clear();
        return owner;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (GpuBuffer buffer in _owned)
        {
            buffer.Dispose();
        }
    }
}
