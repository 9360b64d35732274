using System.Runtime.InteropServices;

namespace PerCo.Engine.Backends;

/// <summary>
/// Memory of the host outside the garbage collector's heap. On Linux large blocks come from the system one by one, so
/// that freeing one gives it back. The GNU C library does that at first only: once it has freed a large block, blocks
/// of that size come from its heap (mallopt(3), M_MMAP_THRESHOLD), which keeps what lies between those in use; at a
/// second picture that was a third of the autoencoder's activations.
/// </summary>
internal static unsafe partial class HostMemory
{
    private const long LargeBlock = 256 << 10;

    // PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, and MAP_FAILED.
    private const int ReadAndWrite = 3;
    private const int PrivateAnonymous = 0x22;
    private const nint Failed = -1;

    private static readonly nuint PageBytes = (nuint)Environment.SystemPageSize;

    /// <summary>Memory with arbitrary content.</summary>
    /// <param name="bytes">At least 1.</param>
    /// <param name="alignment">A power of two.</param>
    /// <exception cref="OutOfMemoryException">The system has none (or what derives from it).</exception>
    public static void* Allocate(long bytes, nuint alignment)
    {
        if (!FromTheSystem(bytes))
        {
            return NativeMemory.AlignedAlloc((nuint)bytes, alignment);
        }

        nuint length = Pages(bytes), spare = alignment > PageBytes ? alignment : 0;
        nint block = Map(0, length + spare, ReadAndWrite, PrivateAnonymous, -1, 0);
        if (block == Failed)
        {
            throw new InsufficientMemoryException();
        }

        if (spare == 0)
        {
            return (void*)block;
        }

        // What stands out on both sides of the aligned block goes back at once.
        nint aligned = (nint)(((nuint)block + alignment - 1) & ~(alignment - 1));
        Unmap(block, (nuint)(aligned - block));
        Unmap(aligned + (nint)length, spare - (nuint)(aligned - block));
        return (void*)aligned;
    }

    /// <summary>Gives a block back.</summary>
    /// <param name="block">What <see cref="Allocate"/> gave.</param>
    /// <param name="bytes">The same number.</param>
    public static void Free(void* block, long bytes)
    {
        if (FromTheSystem(bytes))
        {
            Unmap((nint)block, Pages(bytes));
        }
        else
        {
            NativeMemory.AlignedFree(block);
        }
    }

    private static bool FromTheSystem(long bytes) => bytes >= LargeBlock && OperatingSystem.IsLinux();

    private static nuint Pages(long bytes) => checked((nuint)bytes + PageBytes - 1) & ~(PageBytes - 1);

    private static void Unmap(nint block, nuint length)
    {
        if (length > 0)
        {
            _ = UnmapPages(block, length);
        }
    }

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial nint Map(nint address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int UnmapPages(nint address, nuint length);
}
