using System.Runtime.CompilerServices;

namespace PerCo.Engine.Backends.Cpu.Winograd;

/// <summary>F(4×4, 3×3) with the points 0, ±1, ±2: 36 products for 16 results, a quarter of the direct sum's.</summary>
internal readonly unsafe struct WinogradTransform4 : IWinogradTransform
{
    private const int T = 6;

    public static int Outputs => 4;

    public static int Inputs => T;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Kernel<S, V>(float* source, long step, float* taps, long tapStride, int phase)
        where S : struct, ISimd<V>
        where V : struct
    {
        long row = 3 * step, line = T * tapStride;
        KernelLine<S, V>(
            S.Load(source), S.Load(source + row), S.Load(source + 2 * row),
            out V a0, out V a1, out V a2, out V a3, out V a4, out V a5);
        source += step;
        KernelLine<S, V>(
            S.Load(source), S.Load(source + row), S.Load(source + 2 * row),
            out V b0, out V b1, out V b2, out V b3, out V b4, out V b5);
        source += step;
        KernelLine<S, V>(
            S.Load(source), S.Load(source + row), S.Load(source + 2 * row),
            out V c0, out V c1, out V c2, out V c3, out V c4, out V c5);
        StoreKernelLine<S, V>(a0, b0, c0, taps, tapStride);
        StoreKernelLine<S, V>(a1, b1, c1, taps + line, tapStride);
        StoreKernelLine<S, V>(a2, b2, c2, taps + 2 * line, tapStride);
        StoreKernelLine<S, V>(a3, b3, c3, taps + 3 * line, tapStride);
        StoreKernelLine<S, V>(a4, b4, c4, taps + 4 * line, tapStride);
        StoreKernelLine<S, V>(a5, b5, c5, taps + 5 * line, tapStride);
    }

    // G = [1/4 0 0; -1/6 -1/6 -1/6; -1/6 1/6 -1/6; 1/24 1/12 1/6; 1/24 -1/12 1/6; 0 0 1]
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void KernelLine<S, V>(
        V k0, V k1, V k2, out V r0, out V r1, out V r2, out V r3, out V r4, out V r5)
        where S : struct, ISimd<V>
        where V : struct
    {
        V sixth = S.Create(1f / 6);
        V even = S.Multiply(S.Add(k0, k2), S.Create(-1f / 6));
        V odd = S.Multiply(k1, sixth);
        V outer = S.MultiplyAdd(k0, S.Create(1f / 24), S.Multiply(k2, sixth));
        V inner = S.Multiply(k1, S.Create(1f / 12));
        r0 = S.Multiply(k0, S.Create(0.25f));
        r1 = S.Subtract(even, odd);
        r2 = S.Add(even, odd);
        r3 = S.Add(outer, inner);
        r4 = S.Subtract(outer, inner);
        r5 = k2;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreKernelLine<S, V>(V k0, V k1, V k2, float* taps, long tapStride)
        where S : struct, ISimd<V>
        where V : struct
    {
        KernelLine<S, V>(k0, k1, k2, out V r0, out V r1, out V r2, out V r3, out V r4, out V r5);
        S.Store(r0, taps);
        S.Store(r1, taps + tapStride);
        S.Store(r2, taps + 2 * tapStride);
        S.Store(r3, taps + 3 * tapStride);
        S.Store(r4, taps + 4 * tapStride);
        S.Store(r5, taps + 5 * tapStride);
    }

    // Bᵀ = [4 0 -5 0 1 0; 0 -4 -4 1 1 0; 0 4 -4 -1 1 0; 0 -2 -1 2 1 0; 0 2 -1 -2 1 0; 0 4 0 -5 0 1]
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void InputLine<S, V>(float* from, long step, float* to, long toStep)
        where S : struct, ISimd<V>
        where V : struct
    {
        V d0 = S.Load(from);
        V d1 = S.Load(from + step);
        V d2 = S.Load(from + 2 * step);
        V d3 = S.Load(from + 3 * step);
        V d4 = S.Load(from + 4 * step);
        V d5 = S.Load(from + 5 * step);
        V two = S.Create(2), four = S.Create(4), minusFour = S.Create(-4), minusFive = S.Create(-5);

        S.Store(S.MultiplyAdd(four, d0, S.MultiplyAdd(minusFive, d2, d4)), to);
        V even = S.MultiplyAdd(minusFour, d2, d4);
        V odd = S.MultiplyAdd(minusFour, d1, d3);
        S.Store(S.Add(even, odd), to + toStep);
        S.Store(S.Subtract(even, odd), to + 2 * toStep);
        even = S.Subtract(d4, d2);
        odd = S.Multiply(two, S.Subtract(d3, d1));
        S.Store(S.Add(even, odd), to + 3 * toStep);
        S.Store(S.Subtract(even, odd), to + 4 * toStep);
        S.Store(S.MultiplyAdd(four, d1, S.MultiplyAdd(minusFive, d3, d5)), to + 5 * toStep);
    }

    // Aᵀ = [1 1 1 1 1 0; 0 1 -1 2 -2 0; 0 1 1 4 4 0; 0 1 -1 8 -8 1]
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void OutputLine<S, V>(float* from, long step, float* to, long toStep)
        where S : struct, ISimd<V>
        where V : struct
    {
        V m0 = S.Load(from);
        V m1 = S.Load(from + step);
        V m2 = S.Load(from + 2 * step);
        V m3 = S.Load(from + 3 * step);
        V m4 = S.Load(from + 4 * step);
        V m5 = S.Load(from + 5 * step);
        V two = S.Create(2), four = S.Create(4), eight = S.Create(8);
        V sum1 = S.Add(m1, m2), difference1 = S.Subtract(m1, m2);
        V sum2 = S.Add(m3, m4), difference2 = S.Subtract(m3, m4);

        S.Store(S.Add(S.Add(m0, sum1), sum2), to);
        S.Store(S.MultiplyAdd(two, difference2, difference1), to + toStep);
        S.Store(S.MultiplyAdd(four, sum2, sum1), to + 2 * toStep);
        S.Store(S.Add(S.MultiplyAdd(eight, difference2, difference1), m5), to + 3 * toStep);
    }
}
