namespace PerCo.Engine.Backends.Gpu;

/// <summary>A block of a <see cref="GpuArena"/>.</summary>
internal sealed class GpuStorage(GpuArena arena, GpuBuffer buffer) : GpuMemory(buffer), IDisposable
{
    /// <summary>For scratch, which no tensor owns.</summary>
    public void Dispose() => Release();

    protected internal override void Release() => arena.Return(Buffer);
}
