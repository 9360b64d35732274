using System.Diagnostics.CodeAnalysis;
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
    private Dictionary<long, Stack<GpuBuffer>>? _reserved;
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
        bytes = RoundUp(bytes);
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (!TryTake(_reserved, bytes, out GpuBuffer? buffer) && !TryTake(_free, bytes, out buffer))
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
                Keep(_reserved ?? _free, buffer);
                return;
            }
        }

        buffer.Dispose();
    }

    /// <summary>
    /// From now on blocks that are given back wait in a store of their own: what a recording uses between its start and
    /// its end must not be handed to anybody else as long as it is replayed.
    /// </summary>
    public void BeginReservation()
    {
        lock (_lock)
        {
            _reserved = [];
        }
    }

    /// <summary>Ends what <see cref="BeginReservation"/> began; the blocks come back when it is disposed of.</summary>
    public GpuReservation EndReservation()
    {
        lock (_lock)
        {
            GpuBuffer[] blocks = [.. _reserved!.Values.SelectMany(stack => stack)];
            _reserved = null;
            InUse += blocks.Sum(block => block.Bytes);
            Peak = Math.Max(Peak, InUse);
            return new GpuReservation(this, blocks);
        }
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

    private static bool TryTake(
        Dictionary<long, Stack<GpuBuffer>>? store, long bytes, [NotNullWhen(true)] out GpuBuffer? buffer)
    {
        buffer = null;
        return store is not null && store.TryGetValue(bytes, out Stack<GpuBuffer>? blocks)
            && blocks.TryPop(out buffer);
    }

    private static void Keep(Dictionary<long, Stack<GpuBuffer>> store, GpuBuffer buffer)
    {
        if (!store.TryGetValue(buffer.Bytes, out Stack<GpuBuffer>? blocks))
        {
            store[buffer.Bytes] = blocks = new Stack<GpuBuffer>();
        }

        blocks.Push(buffer);
    }

    // Blocks of sizes that are no longer needed may be all that is in the way. OpenCL drivers take memory when it is
    // first used, and fail then: it must not come to that.
    private GpuBuffer AllocateOrTrim(long bytes)
    {
        bool keepsBlocks = _free.Values.Any(blocks => blocks.Count > 0);
        if (keepsBlocks && device.Held + bytes > device.UsableMemory)
        {
            device.Finish();
            Trim();
            keepsBlocks = false;
        }

        try
        {
            return device.Allocate(bytes);
        }
        catch (PerCoException) when (keepsBlocks)
        {
            device.Finish();
            Trim();
            return device.Allocate(bytes);
        }
    }

    // An eighth of a power of two: at most 12.5 % of a block is wasted, and shapes of similar size share blocks.
    public static long RoundUp(long bytes)
    {
        bytes = Math.Max(SmallestBlock, bytes);
        long step = Math.Max(SmallestBlock, (long)BitOperations.RoundUpToPowerOf2((ulong)bytes) / 16);
        return checked((bytes + step - 1) / step * step);
    }
}

/// <summary>Device memory of a tensor.</summary>
internal abstract class GpuMemory(GpuBuffer buffer) : TensorStorage
{
    /// <summary>The device memory.</summary>
    public GpuBuffer Buffer => buffer;
}

/// <summary>A block of a <see cref="GpuArena"/>.</summary>
internal sealed class GpuStorage(GpuArena arena, GpuBuffer buffer) : GpuMemory(buffer), IDisposable
{
    /// <summary>For scratch, which no tensor owns.</summary>
    public void Dispose() => Release();

    protected internal override void Release() => arena.Return(Buffer);
}

/// <summary>Memory that another tensor owns, which lives longer.</summary>
internal sealed class GpuAlias(GpuBuffer buffer) : GpuMemory(buffer)
{
    protected internal override void Release()
    {
    }
}

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

/// <summary>Access to the memory of tensors on a GPU.</summary>
internal static class GpuTensorAccess
{
    /// <summary>The tensor's device memory.</summary>
    public static GpuBuffer Buffer(this Tensor tensor) => ((GpuMemory)tensor.Storage).Buffer;
}
