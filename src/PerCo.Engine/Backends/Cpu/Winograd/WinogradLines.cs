using System.Runtime.CompilerServices;
using PerCo.Engine.Backends.Cpu.Gemm;

namespace PerCo.Engine.Backends.Cpu.Winograd;

/// <summary>Two-dimensional transforms of inputs and of sums: by columns, then by rows.</summary>
internal static unsafe class WinogradLines
{
    /// <summary>Bᵀ d B for some channels of one tile.</summary>
    /// <param name="source">The tile's first pixel; whole vectors of channels are read.</param>
    /// <param name="rowStride">Distance between rows of pixels.</param>
    /// <param name="pixelStride">Distance between pixels.</param>
    /// <param name="channels">Number of channels.</param>
    /// <param name="panel">Where the tile's value for k = 0 of the first tap lies in its packed panel.</param>
    /// <param name="k">The k of the first channel, a multiple of the vector's lanes.</param>
    /// <param name="chunkStep">Distance between chunks of 16 k.</param>
    /// <param name="tapStride">Distance between the packed panels of the t·t taps.</param>
    /// <param name="work">Room for t·t vectors.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Input<TTransform, S, V>(
        float* source, long rowStride, long pixelStride, int channels, float* panel, int k, long chunkStep,
        long tapStride, float* work)
        where TTransform : struct, IWinogradTransform
        where S : struct, ISimd<V>
        where V : struct
    {
        int t = TTransform.Inputs;
        long row = t * S.Count;
        for (int c = 0; c < channels; c += S.Count)
        {
            float* from = source + c;
            float* to = work;
            for (int j = 0; j < t; j++)
            {
                TTransform.InputLine<S, V>(from, rowStride, to, row);
                if (j >= t - TTransform.Outputs)
                {
                    FetchColumn(from + TTransform.Outputs * pixelStride, rowStride, t);
                }

                from += pixelStride;
                to += S.Count;
            }

            int at = k + c;
            to = panel + at / GemmKernels.Chunk * chunkStep + at % GemmKernels.Chunk;
            for (int i = 0; i < t; i++)
            {
                TTransform.InputLine<S, V>(work + i * row, S.Count, to, tapStride);
                to += t * tapStride;
            }
        }
    }

    /// <summary>
    /// Aᵀ M A for a panel's columns of one tile. Tap (1, 1) is added to all results: the bias goes there.
    /// </summary>
    /// <param name="sums">The tile's row of the first tap.</param>
    /// <param name="tapStride">Distance between taps.</param>
    /// <param name="width">Columns, a multiple of the vector's lanes.</param>
    /// <param name="result">[m·m][width].</param>
    /// <param name="work">Room for m·t vectors.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Output<TTransform, S, V>(float* sums, long tapStride, int width, float* result, float* work)
        where TTransform : struct, IWinogradTransform
        where S : struct, ISimd<V>
        where V : struct
    {
        int t = TTransform.Inputs, m = TTransform.Outputs;
        long row = t * S.Count;
        for (int c = 0; c < width; c += S.Count)
        {
            float* from = sums + c;
            for (int j = 0; j < t; j++)
            {
                TTransform.OutputLine<S, V>(from, t * tapStride, work + j * S.Count, row);
                from += tapStride;
            }

            for (int i = 0; i < m; i++)
            {
                TTransform.OutputLine<S, V>(work + i * row, S.Count, result + i * m * width + c, width);
            }
        }
    }

    // What the next tile, as a rule to the right, reads of these channels: rows of a tile are too short for the
    // processor to guess.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FetchColumn(float* pixel, long rowStride, int rows)
    {
        for (int i = 0; i < rows; i++)
        {
            CacheLines.Fetch(pixel);
            pixel += rowStride;
        }
    }
}
