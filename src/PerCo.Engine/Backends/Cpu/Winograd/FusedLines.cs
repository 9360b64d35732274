using System.Runtime.CompilerServices;
using PerCo.Engine.Backends.Cpu.Gemm;

namespace PerCo.Engine.Backends.Cpu.Winograd;

/// <summary>
/// Six taps' sums of F(4×4, 3×3) for some tiles, from kernels as they are: a line of a kernel's transform is computed
/// in registers, multiplied and forgotten.
/// </summary>
/// <remarks>
/// The transform is G = [1 0 0; 1 1 1; 1 -1 1; 1 2 4; 1 -2 4; 0 0 1], whose lines are multiples of
/// <see cref="WinogradTransform4"/>'s: <see cref="Factor"/> makes up for it once all is summed.
/// </remarks>
internal static unsafe class FusedLines
{
    /// <summary>Lines of a transformed kernel, and taps of a line.</summary>
    public const int Lines = 6;

    /// <summary>Tiles at a time: their sums take 24 of AVX-512's 32 registers.</summary>
    public const int Tiles = 4;

    private static readonly double[] LineFactors = [1.0 / 4, -1.0 / 6, -1.0 / 6, 1.0 / 24, 1.0 / 24, 1];

    /// <summary>A column of a kernel to the value of one line of its transform.</summary>
    private interface ILine
    {
        static abstract V Of<S, V>(V k0, V k1, V k2)
            where S : struct, ISimd<V>
            where V : struct;
    }

    /// <summary>What a tap's sums are to be multiplied by.</summary>
    public static float Factor(int tap) => (float)(LineFactors[tap / Lines] * LineFactors[tap % Lines]);

    /// <summary>Bytes that are fetched meanwhile.</summary>
    public static long Fetched(int inputs) => 2L * inputs * CacheLines.Values * sizeof(float);

    /// <summary>Adds the products of some inputs to a line's sums.</summary>
    /// <param name="line">The line.</param>
    /// <param name="inputs">Number of inputs.</param>
    /// <param name="kernels">[input][9][lanes].</param>
    /// <param name="a">The line's transformed inputs, [tap][inputs/16][tile][16].</param>
    /// <param name="tapStride">Distance between taps.</param>
    /// <param name="sums">[tap][tile][lanes].</param>
    /// <param name="next">What to fetch meanwhile, two cache lines an input.</param>
    public static void Add<S, V>(
        int line, int inputs, float* kernels, float* a, long tapStride, float* sums, float* next)
        where S : struct, ISimd<V>
        where V : struct
    {
        switch (line)
        {
            case 0:
                Add<S, V, First>(inputs, kernels, a, tapStride, sums, next);
                break;
            case 1:
                Add<S, V, Sum>(inputs, kernels, a, tapStride, sums, next);
                break;
            case 2:
                Add<S, V, Difference>(inputs, kernels, a, tapStride, sums, next);
                break;
            case 3:
                Add<S, V, SumOfTwo>(inputs, kernels, a, tapStride, sums, next);
                break;
            case 4:
                Add<S, V, DifferenceOfTwo>(inputs, kernels, a, tapStride, sums, next);
                break;
            default:
                Add<S, V, Last>(inputs, kernels, a, tapStride, sums, next);
                break;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Add<S, V, TLine>(
        int inputs, float* kernels, float* a0, long tapStride, float* sums, float* next)
        where S : struct, ISimd<V>
        where V : struct
        where TLine : struct, ILine
    {
        int n = S.Count;
        float* a1 = a0 + tapStride, a2 = a1 + tapStride, a3 = a2 + tapStride, a4 = a3 + tapStride, a5 = a4 + tapStride;
        float* q = sums;
        V c00 = S.Load(q), c01 = S.Load(q + n), c02 = S.Load(q + 2 * n), c03 = S.Load(q + 3 * n);
        q += 4 * n;
        V c10 = S.Load(q), c11 = S.Load(q + n), c12 = S.Load(q + 2 * n), c13 = S.Load(q + 3 * n);
        q += 4 * n;
        V c20 = S.Load(q), c21 = S.Load(q + n), c22 = S.Load(q + 2 * n), c23 = S.Load(q + 3 * n);
        q += 4 * n;
        V c30 = S.Load(q), c31 = S.Load(q + n), c32 = S.Load(q + 2 * n), c33 = S.Load(q + 3 * n);
        q += 4 * n;
        V c40 = S.Load(q), c41 = S.Load(q + n), c42 = S.Load(q + 2 * n), c43 = S.Load(q + 3 * n);
        q += 4 * n;
        V c50 = S.Load(q), c51 = S.Load(q + n), c52 = S.Load(q + 2 * n), c53 = S.Load(q + 3 * n);
        while (inputs > 0)
        {
            for (float* end = a0 + Math.Min(inputs, GemmKernels.Chunk); a0 < end; a0++)
            {
                CacheLines.FetchSecond(next);
                CacheLines.FetchSecond(next + CacheLines.Values);
                next += 2 * CacheLines.Values;
                V k0 = TLine.Of<S, V>(S.Load(kernels), S.Load(kernels + 3 * n), S.Load(kernels + 6 * n));
                V k2 = TLine.Of<S, V>(
                    S.Load(kernels + 2 * n), S.Load(kernels + 5 * n), S.Load(kernels + 8 * n));
                kernels += n;
                c00 = S.MultiplyAdd(S.Create(a0[0]), k0, c00);
                c01 = S.MultiplyAdd(S.Create(a0[16]), k0, c01);
                c02 = S.MultiplyAdd(S.Create(a0[32]), k0, c02);
                c03 = S.MultiplyAdd(S.Create(a0[48]), k0, c03);
                c50 = S.MultiplyAdd(S.Create(a5[0]), k2, c50);
                c51 = S.MultiplyAdd(S.Create(a5[16]), k2, c51);
                c52 = S.MultiplyAdd(S.Create(a5[32]), k2, c52);
                c53 = S.MultiplyAdd(S.Create(a5[48]), k2, c53);
                a5++;
                V even = S.Add(k0, k2), outer = S.MultiplyAdd(k2, S.Create(4), k0);
                V k1 = TLine.Of<S, V>(S.Load(kernels), S.Load(kernels + 3 * n), S.Load(kernels + 6 * n));
                kernels += 8 * n;
                V k = S.Add(even, k1);
                c10 = S.MultiplyAdd(S.Create(a1[0]), k, c10);
                c11 = S.MultiplyAdd(S.Create(a1[16]), k, c11);
                c12 = S.MultiplyAdd(S.Create(a1[32]), k, c12);
                c13 = S.MultiplyAdd(S.Create(a1[48]), k, c13);
                a1++;
                k = S.Subtract(even, k1);
                c20 = S.MultiplyAdd(S.Create(a2[0]), k, c20);
                c21 = S.MultiplyAdd(S.Create(a2[16]), k, c21);
                c22 = S.MultiplyAdd(S.Create(a2[32]), k, c22);
                c23 = S.MultiplyAdd(S.Create(a2[48]), k, c23);
                a2++;
                k = S.MultiplyAdd(k1, S.Create(2), outer);
                c30 = S.MultiplyAdd(S.Create(a3[0]), k, c30);
                c31 = S.MultiplyAdd(S.Create(a3[16]), k, c31);
                c32 = S.MultiplyAdd(S.Create(a3[32]), k, c32);
                c33 = S.MultiplyAdd(S.Create(a3[48]), k, c33);
                a3++;
                k = S.MultiplyAdd(k1, S.Create(-2), outer);
                c40 = S.MultiplyAdd(S.Create(a4[0]), k, c40);
                c41 = S.MultiplyAdd(S.Create(a4[16]), k, c41);
                c42 = S.MultiplyAdd(S.Create(a4[32]), k, c42);
                c43 = S.MultiplyAdd(S.Create(a4[48]), k, c43);
                a4++;
            }

            inputs -= GemmKernels.Chunk;
            a0 += 3 * GemmKernels.Chunk;
            a1 += 3 * GemmKernels.Chunk;
            a2 += 3 * GemmKernels.Chunk;
            a3 += 3 * GemmKernels.Chunk;
            a4 += 3 * GemmKernels.Chunk;
            a5 += 3 * GemmKernels.Chunk;
        }

        StoreFour<S, V>(sums, c00, c01, c02, c03);
        StoreFour<S, V>(sums + 4 * n, c10, c11, c12, c13);
        StoreFour<S, V>(sums + 8 * n, c20, c21, c22, c23);
        StoreFour<S, V>(sums + 12 * n, c30, c31, c32, c33);
        StoreFour<S, V>(sums + 16 * n, c40, c41, c42, c43);
        StoreFour<S, V>(sums + 20 * n, c50, c51, c52, c53);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreFour<S, V>(float* to, V a, V b, V c, V d)
        where S : struct, ISimd<V>
        where V : struct
    {
        S.Store(a, to);
        S.Store(b, to + S.Count);
        S.Store(c, to + 2 * S.Count);
        S.Store(d, to + 3 * S.Count);
    }

    private readonly struct First : ILine
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Of<S, V>(V k0, V k1, V k2)
            where S : struct, ISimd<V>
            where V : struct => k0;
    }

    private readonly struct Sum : ILine
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Of<S, V>(V k0, V k1, V k2)
            where S : struct, ISimd<V>
            where V : struct => S.Add(S.Add(k0, k2), k1);
    }

    private readonly struct Difference : ILine
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Of<S, V>(V k0, V k1, V k2)
            where S : struct, ISimd<V>
            where V : struct => S.Subtract(S.Add(k0, k2), k1);
    }

    private readonly struct SumOfTwo : ILine
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Of<S, V>(V k0, V k1, V k2)
            where S : struct, ISimd<V>
            where V : struct => S.MultiplyAdd(k1, S.Create(2), S.MultiplyAdd(k2, S.Create(4), k0));
    }

    private readonly struct DifferenceOfTwo : ILine
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Of<S, V>(V k0, V k1, V k2)
            where S : struct, ISimd<V>
            where V : struct => S.MultiplyAdd(k1, S.Create(-2), S.MultiplyAdd(k2, S.Create(4), k0));
    }

    private readonly struct Last : ILine
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Of<S, V>(V k0, V k1, V k2)
            where S : struct, ISimd<V>
            where V : struct => k2;
    }
}
