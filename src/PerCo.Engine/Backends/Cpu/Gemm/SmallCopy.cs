using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace PerCo.Engine.Backends.Cpu.Gemm;

/// <summary>Copies of a few values, where the call of the library's copy would take longer than the copy.</summary>
internal static unsafe class SmallCopy
{
    /// <summary>Copies values.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Copy(float* from, float* to, int count)
    {
        int i = 0;
        for (; i + 16 <= count; i += 16)
        {
            Unsafe.CopyBlockUnaligned(to + i, from + i, 16 * sizeof(float));
        }

        for (; i + 4 <= count; i += 4)
        {
            Vector128.Store(Vector128.Load(from + i), to + i);
        }

        for (; i < count; i++)
        {
            to[i] = from[i];
        }
    }

    /// <summary>Writes zeros.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Clear(float* to, int count)
    {
        int i = 0;
        for (; i + 4 <= count; i += 4)
        {
            Vector128.Store(Vector128<float>.Zero, to + i);
        }

        for (; i < count; i++)
        {
            to[i] = 0;
        }
    }
}
