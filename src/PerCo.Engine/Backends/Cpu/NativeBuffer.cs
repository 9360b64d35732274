using System.Runtime.InteropServices;

namespace PerCo.Engine.Backends.Cpu;

/// <summary>
/// Native fp32 memory that prepared weights own: aligned, outside the garbage collector's heap.
/// </summary>
internal sealed unsafe partial class NativeBuffer : IDisposable
{
    /// <summary>Large buffers begin on a large page, which saves most of the address translation.</summary>
    private const nuint LargePage = 2 << 20;

    /// <summary>MADV_HUGEPAGE: weights are read again and again, so clearing large pages once pays.</summary>
    private const int AdviceLargePages = 14;

    private float* _values;

    /// <summary>Allocates memory.</summary>
    /// <param name="count">Number of values.</param>
    /// <param name="zeroed">
    /// Whether all values are 0; otherwise whoever asks will write all: clearing gigabytes takes seconds.
    /// </param>
    public NativeBuffer(long count, bool zeroed = true)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        Bytes = checked(Math.Max(1, count) * sizeof(float));
        nuint alignment = (nuint)Bytes >= 2 * LargePage ? LargePage : HostArena.Alignment;
        _values = (float*)HostMemory.Allocate(Bytes, alignment);
        if (alignment == LargePage && OperatingSystem.IsLinux())
        {
            // Advice only: where it is not taken, pages are small, and nothing else changes.
            _ = Advise(_values, (nuint)Bytes, AdviceLargePages);
        }

        if (zeroed)
        {
            NativeMemory.Clear(_values, (nuint)Bytes);
        }

        GC.AddMemoryPressure(Bytes);
    }

    ~NativeBuffer() => Free();

    /// <summary>Size in bytes.</summary>
    public long Bytes { get; }

    /// <summary>The first value.</summary>
    /// <exception cref="ObjectDisposedException">The memory was freed.</exception>
    public float* Values => _values != null ? _values : throw new ObjectDisposedException(nameof(NativeBuffer));

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(void* address, nuint length, int advice);

    private void Free()
    {
        if (_values != null)
        {
            HostMemory.Free(_values, Bytes);
            _values = null;
            GC.RemoveMemoryPressure(Bytes);
        }
    }
}
