using PerCo.Engine.Tensors;

namespace PerCo.Engine.Backends;

/// <summary>A block of a <see cref="HostArena"/>: fp32 values, 64-byte aligned.</summary>
internal sealed unsafe class HostStorage(HostArena? arena, float* values, long count, long bytes) : TensorStorage
{
    /// <summary>The first value.</summary>
    public float* Values => values;

    /// <summary>Values that the block has room for: at least as many as were asked for.</summary>
    public long Capacity => bytes / sizeof(float);

    /// <summary>All values.</summary>
    public Span<float> Span => new(values, checked((int)count));

    /// <summary>The same block with fewer values, which takes over the duty to release it.</summary>
    public HostStorage Narrow(long fewer) => new(arena, values, fewer, bytes);

    /// <summary>Values within the block, which nobody releases: they are valid as long as the block is.</summary>
    public HostStorage View(long first, long length) => new(null, values + first, length, length * sizeof(float));

    protected internal override void Release() => arena?.Return(values, bytes);
}
