using System.Diagnostics.CodeAnalysis;

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

    /// <summary>Bytes of the block that is handed out for so many.</summary>
    public static long RoundUp(long bytes) => BlockSize.RoundUp(bytes, SmallestBlock);

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
}
