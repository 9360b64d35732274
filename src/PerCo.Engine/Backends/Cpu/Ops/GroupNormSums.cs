using System.Runtime.CompilerServices;

namespace PerCo.Engine.Backends.Cpu;

/// <summary>Sums of every channel and of its squares over a run of positions, in double precision.</summary>
/// <remarks>
/// Groups have any number of channels, so lanes are channels and groups come later. See <see cref="RowMoments"/> for
/// why one pass is enough.
/// </remarks>
internal readonly unsafe struct GroupNormSums(GroupNormLayout layout, double* sums) : ISimdBody
{
    /// <summary>Positions that are added in registers before the sums go back to memory.</summary>
    private const int Block = 8;

    public void Run<S, V>(int item, int worker)
        where S : struct, ISimd<V>
        where V : struct
    {
        double* sum = sums + item * layout.SumsPerRun;
        double* squares = sum + layout.Channels;
        new Span<double>(sum, 2 * layout.Channels).Clear();
        (int picture, int start, int end) = layout.Run(item);
        for (int position = start; position < end; position += Block)
        {
            int rows = Math.Min(Block, end - position);
            for (int source = 0; source < layout.Sources; source++)
            {
                GroupNormSource x = layout.Source(source, picture, position);
                AddRows<S, V>(x.Values, rows, x.Channels, sum + x.Offset, squares + x.Offset);
            }
        }
    }

    private static void AddRows<S, V>(float* values, int rows, int channels, double* sum, double* squares)
        where S : struct, ISimd<V>
        where V : struct
    {
        // Lanes beyond the last channel are summed here.
        double* spare = stackalloc double[4 * 16];
        for (int c = 0; c < channels; c += S.Count)
        {
            int rest = channels - c;
            if (rest >= S.Count)
            {
                AddColumns<S, V>(values + c, rows, channels, rest, sum + c, squares + c);
            }
            else
            {
                double* spareSquares = spare + S.Count;
                Copy(sum + c, spare, rest);
                Copy(squares + c, spareSquares, rest);
                AddColumns<S, V>(values + c, rows, channels, rest, spare, spareSquares);
                Copy(spare, sum + c, rest);
                Copy(spareSquares, squares + c, rest);
            }
        }
    }

    // Registers of doubles are loaded and stored through float pointers, see ISimd.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddColumns<S, V>(
        float* values, int rows, int stride, int rest, double* sum, double* squares)
        where S : struct, ISimd<V>
        where V : struct
    {
        V lowerSum = S.Load((float*)sum), upperSum = S.Load((float*)sum + S.Count);
        V lowerSquares = S.Load((float*)squares), upperSquares = S.Load((float*)squares + S.Count);
        for (int row = 0; row < rows; row++)
        {
            V x = SimdTail.Load<S, V>(values + (long)row * stride, rest);
            V lower = S.WidenLower(x), upper = S.WidenUpper(x);
            lowerSum = S.AddDouble(lowerSum, lower);
            upperSum = S.AddDouble(upperSum, upper);
            lowerSquares = S.MultiplyAddDouble(lower, lower, lowerSquares);
            upperSquares = S.MultiplyAddDouble(upper, upper, upperSquares);
        }

        S.Store(lowerSum, (float*)sum);
        S.Store(upperSum, (float*)sum + S.Count);
        S.Store(lowerSquares, (float*)squares);
        S.Store(upperSquares, (float*)squares + S.Count);
    }

    private static void Copy(double* from, double* to, int count) =>
        new ReadOnlySpan<double>(from, count).CopyTo(new Span<double>(to, count));
}
