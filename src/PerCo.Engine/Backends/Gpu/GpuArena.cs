using System.Numerics;
using PerCo.Engine.Tensors;

namespace PerCo.Engine.Backends.Gpu;

/// <summary>
/// Device memory for activations. Freed blocks are kept by size and handed out again, so that the second denoising step
/// allocates nothing: the queue runs in order, so what reads a block is done before what is written into it next.
/// </summary>
internal sealed class GpuArena(GpuDevice device) : IDisposable
{
    private const long SmallestBlock = 256;

    private readonly Dictionary<long, Stack<GpuBuffer>> _free = [];
    private readonly Lock _lock = new();
    private bool _disposed;

    /// <summary>Bytes handed out.</summary>
    public long InUse { get; private set; }

    /// <summary>Most bytes handed out at once since <see cref="ResetPeak"/>.</summary>
    public long Peak { get; private set; }

    /// <summary>Number of blocks ever taken from the device: constant once a pass repeats.</summary>
    public long DeviceAllocations { get; private set; }

    public void ResetPeak()
    {
        lock (_lock)
        {
            Peak = InUse;
        }
    }

    /// <summary>A block of at least that many bytes with arbitrary content.</summary>
    public GpuStorage Rent(long bytes)
    {
        bytes = RoundUp(Math.Max(SmallestBlock, bytes));
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (!_free.TryGetValue(bytes, out Stack<GpuBuffer>? blocks) || !blocks.TryPop(out GpuBuffer? buffer))
            {
                buffer = AllocateOrTrim(bytes);
                DeviceAllocations++;
            }

            InUse += bytes;
            Peak = Math.Max(Peak, InUse);
            return new GpuStorage(this, buffer);
        }
    }

    public void Return(GpuBuffer buffer)
    {
        lock (_lock)
        {
            InUse -= buffer.Bytes;
            if (!_disposed)
            {
                if (!_free.TryGetValue(buffer.Bytes, out Stack<GpuBuffer>? blocks))
                {
                    _free[buffer.Bytes] = blocks = new Stack<GpuBuffer>();
                }

                blocks.Push(buffer);
                return;
            }
        }

        buffer.Dispose();
    }

    /// <summary>Frees the blocks that wait for their next use.</summary>
    public void Trim()
    {
        lock (_lock)
        {
            foreach (Stack<GpuBuffer> blocks in _free.Values)
            {
                while (blocks.TryPop(out GpuBuffer? buffer))
                {
                    buffer.Dispose();
                }
            }

            _free.Clear();
        }
    }

    public void Dispose()
    {
        Trim();
        lock (_lock)
        {
            _disposed = true;
        }
    }

    // Blocks of sizes that are no longer needed may be all that is in the way.
    private GpuBuffer AllocateOrTrim(long bytes)
    {
        try
        {
            return device.Allocate(bytes);
        }
        catch (PerCoException) when (_free.Values.Any(blocks => blocks.Count > 0))
        {
            device.Finish();
            Trim();
            return device.Allocate(bytes);
        }
    }

    // An eighth of a power of two: at most 12.5 % of a block is wasted, and shapes of similar size share blocks.
    private static long RoundUp(long bytes)
    {
        long step = Math.Max(SmallestBlock, (long)BitOperations.RoundUpToPowerOf2((ulong)bytes) / 16);
        return checked((bytes + step - 1) / step * step);
    }
}

/// <summary>A block of a <see cref="GpuArena"/>.</summary>
internal sealed class GpuStorage(GpuArena arena, GpuBuffer buffer) : TensorStorage
{
    /// <summary>The device memory.</summary>
    public GpuBuffer Buffer => buffer;

    protected internal override void Release() => arena.Return(buffer);
}

/// <summary>Access to the memory of tensors on a GPU.</summary>
internal static class GpuTensorAccess
{
    /// <summary>The tensor's device memory.</summary>
    public static GpuBuffer Buffer(this Tensor tensor) => ((GpuStorage)tensor.Storage).Buffer;
}
