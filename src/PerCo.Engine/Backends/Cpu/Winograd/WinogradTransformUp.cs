using System.Runtime.CompilerServices;

namespace PerCo.Engine.Backends.Cpu.Winograd;

/// <summary>
/// F(4×4, 2×2) with the points 0, ±1, 2 for a 3×3 convolution of an input that is up-sampled to twice its size: results
/// of even (phase 0) and odd rows (phase 1) each see two rows of the input, and columns likewise. 25 products for 16
/// results, where F(4×4, 3×3) on the larger picture takes 36.
/// </summary>
/// <remarks>
/// Up-sampled rows 2i − 1, 2i and 2i + 1 are the input's i − 1, i and i, so the kernel of phase 0 is k0, k1 + k2 for
/// rows i − 1 and i, and that of phase 1 k0 + k1, k2 for rows i and i + 1.
/// </remarks>
internal readonly unsafe struct WinogradTransformUp : IWinogradTransform
{
    /// <summary>Phases of rows and columns together.</summary>
    public const int Phases = 4;

    private const int T = 5;

    public static int Outputs => 4;

    public static int Inputs => T;

    /// <summary>Row of a phase, 0 or 1.</summary>
    public static int Row(int phase) => phase >> 1;

    /// <summary>Column of a phase, 0 or 1.</summary>
    public static int Column(int phase) => phase & 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Kernel<S, V>(float* source, long step, float* taps, long tapStride, int phase)
        where S : struct, ISimd<V>
        where V : struct
    {
        long row = 3 * step, line = T * tapStride;
        Fold<S, V>(
            S.Load(source), S.Load(source + row), S.Load(source + 2 * row), Row(phase), out V a0, out V a1);
        source += step;
        Fold<S, V>(
            S.Load(source), S.Load(source + row), S.Load(source + 2 * row), Row(phase), out V b0, out V b1);
        source += step;
        Fold<S, V>(
            S.Load(source), S.Load(source + row), S.Load(source + 2 * row), Row(phase), out V c0, out V c1);
        Fold<S, V>(a0, b0, c0, Column(phase), out V k00, out V k01);
        Fold<S, V>(a1, b1, c1, Column(phase), out V k10, out V k11);
        KernelLine<S, V>(k00, k10, out V l0, out V l1, out V l2, out V l3, out V l4);
        KernelLine<S, V>(k01, k11, out V r0, out V r1, out V r2, out V r3, out V r4);
        StoreKernelLine<S, V>(l0, r0, taps, tapStride);
        StoreKernelLine<S, V>(l1, r1, taps + line, tapStride);
        StoreKernelLine<S, V>(l2, r2, taps + 2 * line, tapStride);
        StoreKernelLine<S, V>(l3, r3, taps + 3 * line, tapStride);
        StoreKernelLine<S, V>(l4, r4, taps + 4 * line, tapStride);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Fold<S, V>(V k0, V k1, V k2, int phase, out V first, out V second)
        where S : struct, ISimd<V>
        where V : struct
    {
        first = phase == 0 ? k0 : S.Add(k0, k1);
        second = phase == 0 ? S.Add(k1, k2) : k2;
    }

    // G = [1/2 0; -1/2 -1/2; -1/6 1/6; 1/6 1/3; 0 1]
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void KernelLine<S, V>(V k0, V k1, out V r0, out V r1, out V r2, out V r3, out V r4)
        where S : struct, ISimd<V>
        where V : struct
    {
        V sixth = S.Create(1f / 6);
        V first = S.Multiply(k0, sixth), second = S.Multiply(k1, sixth);
        r0 = S.Multiply(k0, S.Create(0.5f));
        r1 = S.Multiply(S.Add(k0, k1), S.Create(-0.5f));
        r2 = S.Subtract(second, first);
        r3 = S.MultiplyAdd(k1, S.Create(1f / 3), first);
        r4 = k1;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreKernelLine<S, V>(V k0, V k1, float* taps, long tapStride)
        where S : struct, ISimd<V>
        where V : struct
    {
        KernelLine<S, V>(k0, k1, out V r0, out V r1, out V r2, out V r3, out V r4);
        S.Store(r0, taps);
        S.Store(r1, taps + tapStride);
        S.Store(r2, taps + 2 * tapStride);
        S.Store(r3, taps + 3 * tapStride);
        S.Store(r4, taps + 4 * tapStride);
    }

    // Bᵀ = [2 -1 -2 1 0; 0 -2 -1 1 0; 0 2 -3 1 0; 0 -1 0 1 0; 0 2 -1 -2 1]
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
        V two = S.Create(2), minusTwo = S.Create(-2);

        V outer = S.Subtract(d3, d1);
        S.Store(S.MultiplyAdd(two, S.Subtract(d0, d2), outer), to);
        S.Store(S.MultiplyAdd(minusTwo, d1, S.Subtract(d3, d2)), to + toStep);
        S.Store(S.MultiplyAdd(two, S.Subtract(d1, d2), S.Subtract(d3, d2)), to + 2 * toStep);
        S.Store(outer, to + 3 * toStep);
        S.Store(S.MultiplyAdd(minusTwo, outer, S.Subtract(d4, d2)), to + 4 * toStep);
    }

    // Aᵀ = [1 1 1 1 0; 0 1 -1 2 0; 0 1 1 4 0; 0 1 -1 8 1]
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
        V sum = S.Add(m1, m2), difference = S.Subtract(m1, m2);

        S.Store(S.Add(S.Add(m0, sum), m3), to);
        S.Store(S.MultiplyAdd(S.Create(2), m3, difference), to + toStep);
        S.Store(S.MultiplyAdd(S.Create(4), m3, sum), to + 2 * toStep);
        S.Store(S.Add(S.MultiplyAdd(S.Create(8), m3, difference), m4), to + 3 * toStep);
    }
}
