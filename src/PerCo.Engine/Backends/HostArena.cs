namespace PerCo.Engine.Backends;

/// <summary>
/// Native fp32 memory for the backends that compute on the host. Freed blocks are kept by size and handed out again,
/// so that the second denoising step allocates nothing; sizes are rounded up so that few different ones exist.
/// </summary>
internal sealed unsafe class HostArena : IDisposable
{
    /// <summary>A cache line, and a whole AVX-512 register.</summary>
    public const int Alignment = 64;

    /// <summary><see cref="KeepLimit"/> where nobody sets another.</summary>
    public const long DefaultKeepLimit = 4L << 30;

    /// <summary>
    /// A <see cref="KeepLimit"/> that follows the peak: twice what was in use at once, and no more than the default.
    /// For passes that run once a picture, whose blocks of many sizes would else pile up to three times the peak.
    /// </summary>
    public const long TwicePeak = 0;

    private readonly Dictionary<long, Stack<nint>> _free = [];
    private readonly Lock _lock = new();
    private long _freeBytes;
    private bool _disposed;

    /// <summary>
    /// Bytes above which blocks that wait for their next use go back to the system before another one is taken: passes
    /// over small pictures never come near it, and large ones do not pile up blocks of all their sizes.
    /// </summary>
    public long KeepLimit { get; set; } = DefaultKeepLimit;

    /// <summary>Bytes handed out.</summary>
    public long InUse { get; private set; }

    /// <summary>Most bytes handed out at once since <see cref="ResetPeak"/>.</summary>
    public long Peak { get; private set; }

    /// <summary>Number of blocks ever taken from the system: constant once a pass repeats.</summary>
    public long SystemAllocations { get; private set; }

    public void ResetPeak()
    {
        lock (_lock)
        {
            Peak = InUse;
        }
    }

    /// <summary>Bytes of the block that is handed out for so many.</summary>
    public static long RoundUp(long bytes) => BlockSize.RoundUp(bytes, Alignment);

    /// <summary>A block of at least <paramref name="count"/> floats with arbitrary content.</summary>
    public HostStorage Rent(long count)
    {
        long bytes = RoundUp(checked(Math.Max(1, count) * sizeof(float)));
        nint block = 0;
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_free.TryGetValue(bytes, out Stack<nint>? blocks) && blocks.Count > 0)
            {
                block = blocks.Pop();
                _freeBytes -= bytes;
            }
            else
            {
                long limit = KeepLimit == TwicePeak
                    ? Math.Min(DefaultKeepLimit, 2 * Math.Max(Peak, InUse + bytes)) : KeepLimit;
                if (_freeBytes > 0 && InUse + _freeBytes + bytes > limit)
                {
                    FreeBlocks();
                }

                SystemAllocations++;
            }

            InUse += bytes;
            Peak = Math.Max(Peak, InUse);
        }

        if (block == 0)
        {
            block = AllocateOrTrim(bytes);
        }

        return new HostStorage(this, (float*)block, count, bytes);
    }

    private nint AllocateOrTrim(long bytes)
    {
        for (bool last = false; ; last = true)
        {
            try
            {
                return (nint)HostMemory.Allocate(bytes, Alignment);
            }
            catch (OutOfMemoryException e)
            {
                lock (_lock)
                {
                    if (!last && _freeBytes > 0)
                    {
                        FreeBlocks();
                        continue;
                    }

                    InUse -= bytes;
                }

                throw new PerCoException(
                    $"{bytes} bytes more of memory are needed, and the system has none. Set a limit of memory, or make "
                    + "the picture smaller.", e) { Remedies = [Remedy.MemoryLimit] };
            }
        }
    }

    public void Return(float* block, long bytes)
    {
        lock (_lock)
        {
            InUse -= bytes;
            if (!_disposed)
            {
                if (!_free.TryGetValue(bytes, out Stack<nint>? blocks))
                {
                    _free[bytes] = blocks = new Stack<nint>();
                }

                blocks.Push((nint)block);
                _freeBytes += bytes;
                return;
            }
        }

        HostMemory.Free(block, bytes);
    }

    /// <summary>Frees the blocks that wait for their next use.</summary>
    public void Trim()
    {
        lock (_lock)
        {
            FreeBlocks();
        }
    }

    /// <summary>
    /// Overwrites the blocks that wait for their next use: with NaN, tests find what reads uninitialised memory.
    /// </summary>
    public void FillFree(float value)
    {
        lock (_lock)
        {
            foreach ((long bytes, Stack<nint> blocks) in _free)
            {
                foreach (nint block in blocks)
                {
                    for (long i = 0; i < bytes / sizeof(float); i++)
                    {
                        ((float*)block)[i] = value;
                    }
                }
            }
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

    // Called with the lock held.
    private void FreeBlocks()
    {
        foreach ((long bytes, Stack<nint> blocks) in _free)
        {
            while (blocks.TryPop(out nint block))
            {
                HostMemory.Free((void*)block, bytes);
            }
        }

        _free.Clear();
        _freeBytes = 0;
    }
}
