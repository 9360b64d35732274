using System.Runtime.CompilerServices;

namespace PerCo.Engine.Backends.Cpu.Winograd;

/// <summary>
/// F(2×2, 3×3) with the points 0, ±1: 16 products for 4 results. Its weights take less than half the memory of
/// F(4×4)'s, which decides where pictures are small and weights large.
/// </summary>
internal readonly unsafe struct WinogradTransform2 : IWinogradTransform
{
    private const int T = 4;

    public static int Outputs => 2;

    public static int Inputs => T;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Kernel<S, V>(float* source, long step, float* taps, long tapStride, int phase)
        where S : struct, ISimd<V>
        where V : struct
    {
        long row = 3 * step, line = T * tapStride;
        KernelLine<S, V>(
            S.Load(source), S.Load(source + row), S.Load(source + 2 * row), out V a0, out V a1, out V a2, out V a3);
        source += step;
        KernelLine<S, V>(
            S.Load(source), S.Load(source + row), S.Load(source + 2 * row), out V b0, out V b1, out V b2, out V b3);
        source += step;
        KernelLine<S, V>(
            S.Load(source), S.Load(source + row), S.Load(source + 2 * row), out V c0, out V c1, out V c2, out V c3);
        StoreKernelLine<S, V>(a0, b0, c0, taps, tapStride);
        StoreKernelLine<S, V>(a1, b1, c1, taps + line, tapStride);
        StoreKernelLine<S, V>(a2, b2, c2, taps + 2 * line, tapStride);
        StoreKernelLine<S, V>(a3, b3, c3, taps + 3 * line, tapStride);
    }

    // G = [1 0 0; 1/2 1/2 1/2; 1/2 -1/2 1/2; 0 0 1]
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void KernelLine<S, V>(V k0, V k1, V k2, out V r0, out V r1, out V r2, out V r3)
        where S : struct, ISimd<V>
        where V : struct
    {
        V half = S.Create(0.5f);
        V even = S.Multiply(S.Add(k0, k2), half), odd = S.Multiply(k1, half);
        r0 = k0;
        r1 = S.Add(even, odd);
        r2 = S.Subtract(even, odd);
        r3 = k2;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreKernelLine<S, V>(V k0, V k1, V k2, float* taps, long tapStride)
        where S : struct, ISimd<V>
        where V : struct
    {
        KernelLine<S, V>(k0, k1, k2, out V r0, out V r1, out V r2, out V r3);
        S.Store(r0, taps);
        S.Store(r1, taps + tapStride);
        S.Store(r2, taps + 2 * tapStride);
        S.Store(r3, taps + 3 * tapStride);
    }

    // Bᵀ = [1 0 -1 0; 0 1 1 0; 0 -1 1 0; 0 1 0 -1]
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void InputLine<S, V>(float* from, long step, float* to, long toStep)
        where S : struct, ISimd<V>
        where V : struct
    {
        V d0 = S.Load(from);
        V d1 = S.Load(from + step);
        V d2 = S.Load(from + 2 * step);
        V d3 = S.Load(from + 3 * step);
        S.Store(S.Subtract(d0, d2), to);
        S.Store(S.Add(d1, d2), to + toStep);
        S.Store(S.Subtract(d2, d1), to + 2 * toStep);
        S.Store(S.Subtract(d1, d3), to + 3 * toStep);
    }

    // Aᵀ = [1 1 1 0; 0 1 -1 -1]
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void OutputLine<S, V>(float* from, long step, float* to, long toStep)
        where S : struct, ISimd<V>
        where V : struct
    {
        V m0 = S.Load(from);
        V m1 = S.Load(from + step);
        V m2 = S.Load(from + 2 * step);
        V m3 = S.Load(from + 3 * step);
        S.Store(S.Add(S.Add(m0, m1), m2), to);
        S.Store(S.Subtract(S.Subtract(m1, m2), m3), to + toStep);
    }
}
