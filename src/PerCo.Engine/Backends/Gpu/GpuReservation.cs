namespace PerCo.Engine.Backends.Gpu;

/// <summary>Blocks of a <see cref="GpuArena"/> that belong to a recording.</summary>
internal sealed class GpuReservation(GpuArena arena, GpuBuffer[] blocks) : IDisposable
{
    private bool _released;

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!_released)
        {
            _released = true;
            foreach (GpuBuffer block in blocks)
            {
                arena.Return(block);
            }
        }
    }
}
