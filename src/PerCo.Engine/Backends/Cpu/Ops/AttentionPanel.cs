using System.Runtime.CompilerServices;
using PerCo.Engine.Backends.Cpu.Gemm;

namespace PerCo.Engine.Backends.Cpu;

/// <summary>
/// As many queries as a kernel has columns, and their results so far. Rows of all its parts are as wide as the panel;
/// columns beyond the last query hold zeros as queries.
/// </summary>
/// <param name="memory"><see cref="Length"/> values.</param>
/// <param name="queries">Number of queries.</param>
/// <param name="width">Columns, at least as many.</param>
/// <param name="channels">Channels of a head.</param>
internal readonly unsafe struct AttentionPanel(float* memory, int queries, int width, int channels)
{
    public int Queries => queries;

    public int Width => width;

    public int Channels => channels;

    /// <summary>[channels, rounded up][width], with the score's factor.</summary>
    public float* QueryValues => memory;

    /// <summary>[channels][width]: values, weighted and summed.</summary>
    public float* Result => QueryValues + (long)QueryRows(channels) * width;

    /// <summary>[width]: the largest scores so far, −∞ before the first block.</summary>
    public float* Max => Result + (long)channels * width;

    /// <summary>[width]: the sums of weights so far.</summary>
    public float* Sum => Max + width;

    /// <summary>Values that a panel takes.</summary>
    public static long Length(int channels, int width) => ((long)QueryRows(channels) + channels + 2) * width;

    /// <summary>Packs the queries and clears the sums.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Begin<S, V>(float* source, int stride, float factor)
        where S : struct, ISimd<V>
        where V : struct
    {
        int count = QueryRows(channels) * width;
        if (queries < width || QueryRows(channels) > channels)
        {
            new Span<float>(QueryValues, count).Clear();
        }

        Transpose.Copy(source, stride, queries, channels, QueryValues, width);
        V by = S.Create(factor);
        for (int i = 0; i < count; i += S.Count)
        {
            S.Store(S.Multiply(S.Load(QueryValues + i), by), QueryValues + i);
        }

        new Span<float>(Result, channels * width).Clear();
        new Span<float>(Sum, width).Clear();
        new Span<float>(Max, width).Fill(float.NegativeInfinity);
    }

    /// <summary>Divides by the sums and writes the results.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void End<S, V>(float* destination, int stride)
        where S : struct, ISimd<V>
        where V : struct
    {
        for (int lane = 0; lane < width; lane += S.Count)
        {
            V inverse = S.Divide(S.Create(1), S.Load(Sum + lane));
            for (int c = 0; c < channels; c++)
            {
                float* value = Result + (long)c * width + lane;
                S.Store(S.Multiply(S.Load(value), inverse), value);
            }
        }

        Transpose.Copy(Result, width, channels, queries, destination, stride);
    }

    private static int QueryRows(int channels) => AttentionBlocks.RoundUp(channels, GemmKernels.KMultiple);
}
