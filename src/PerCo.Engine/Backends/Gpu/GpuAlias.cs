namespace PerCo.Engine.Backends.Gpu;

/// <summary>Memory that another tensor owns, which lives longer.</summary>
internal sealed class GpuAlias(GpuBuffer buffer) : GpuMemory(buffer)
{
    protected internal override void Release()
    {
    }
}
