using System.Runtime.CompilerServices;

namespace PerCo.Engine.Backends.Cpu;

/// <summary>Sums of every channel and of its squares over a run of positions, in double precision.</summary>
/// <remarks>
/// Groups have any number of channels, so lanes are channels and groups come later. See <see cref="Moments{S, V}"/>
/// for why one pass is enough.
/// </remarks>
internal readonly unsafe struct GroupNormSums(GroupNormLayout layout, double* sums) : ISimdBody
{
    /// <summary>Positions that are added in registers before the sums go back to memory.</summary>
    private const int Block = 8;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
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

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddRows<S, V>(float* values, int rows, int channels, double* sum, double* squares)
        where S : struct, ISimd<V>
        where V : struct
    {
        int c = 0;
        for (; c + S.Count <= channels; c += S.Count)
        {
            Moments<S, V> moments = Moments<S, V>.Load(sum + c, squares + c);
            float* x = values + c;
            for (int row = 0; row < rows; row++)
            {
                moments.Add(S.Load(x));
                x += channels;
            }

            moments.Store(sum + c, squares + c);
        }

        for (; c < channels; c++)
        {
            for (int row = 0; row < rows; row++)
            {
                double x = values[(long)row * channels + c];
                sum[c] += x;
                squares[c] = Math.FusedMultiplyAdd(x, x, squares[c]);
            }
        }
    }
}
