using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace PerCo.Engine.Backends.Cpu;

/// <summary>Lines of the caches, asked for before they are needed. Nothing but time depends on it.</summary>
internal static unsafe class CacheLines
{
    /// <summary>Values of a line.</summary>
    public const int Values = 16;

    /// <summary>
    /// Asks for the line of an address, which need not be valid. Does nothing where there is no such instruction.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Fetch(float* address)
    {
        if (Sse.IsSupported)
        {
            Sse.Prefetch0(address);
        }
    }

    /// <summary>The same, for the second-level cache.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void FetchSecond(float* address)
    {
        if (Sse.IsSupported)
        {
            Sse.Prefetch1(address);
        }
    }

    /// <summary>Asks for two lines of each of some rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void FetchRows(float* first, long stride, int rows)
    {
        for (int i = 0; i < rows; i++)
        {
            Fetch(first);
            Fetch(first + Values);
            first += stride;
        }
    }
}
