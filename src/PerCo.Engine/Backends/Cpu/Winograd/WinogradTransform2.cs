using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using PerCo.Engine.Backends.Cpu.Gemm;

namespace PerCo.Engine.Backends.Cpu.Winograd;

/// <summary>
/// F(2×2, 3×3) with the points 0, ±1: 16 products for 4 results. Its weights take less than half the memory of
/// F(4×4)'s, which decides where pictures are small and weights large.
/// </summary>
internal readonly unsafe struct WinogradTransform2 : IWinogradTransform
{
    private const int T = 4;

    public static int Outputs => 2;

    /// <remarks>G = [1, 0, 0; ½, ½, ½; ½, −½, ½; 0, 0, 1].</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Kernel(
        Vector256<double> k0, Vector256<double> k1, Vector256<double> k2, Vector256<double>* result, int stride)
    {
        Vector256<double> even = (k0 + k2) * 0.5, odd = k1 * 0.5;
        result[0] = k0;
        result[stride] = even + odd;
        result[2 * stride] = even - odd;
        result[3 * stride] = k2;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Input<S, V>(
        float* source, long rowStride, long pixelStride, int channels, float* panel, int k, long chunkStep,
        long tapStride, float* work)
        where S : struct, ISimd<V>
        where V : struct
    {
        long row = T * S.Count;
        for (int c = 0; c < channels; c += S.Count)
        {
            float* from = source + c;
            for (int j = 0; j < T; j++)
            {
                InputLine<S, V>(from, rowStride, work + j * S.Count, row);
                from += pixelStride;
            }

            int at = k + c;
            float* to = panel + at / GemmKernels.Chunk * chunkStep + at % GemmKernels.Chunk;
            for (int i = 0; i < T; i++)
            {
                InputLine<S, V>(work + i * row, S.Count, to, tapStride);
                to += T * tapStride;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Output<S, V>(float* sums, long tapStride, int width, float* result, float* work)
        where S : struct, ISimd<V>
        where V : struct
    {
        long row = T * S.Count;
        for (int c = 0; c < width; c += S.Count)
        {
            float* from = sums + c;
            for (int j = 0; j < T; j++)
            {
                OutputLine<S, V>(from, T * tapStride, work + j * S.Count, row);
                from += tapStride;
            }

            for (int i = 0; i < Outputs; i++)
            {
                OutputLine<S, V>(work + i * row, S.Count, result + i * Outputs * width + c, width);
            }
        }
    }

    // Bᵀ = [1 0 -1 0; 0 1 1 0; 0 -1 1 0; 0 1 0 -1]
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void InputLine<S, V>(float* from, long step, float* to, long toStep)
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
    private static void OutputLine<S, V>(float* from, long step, float* to, long toStep)
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
