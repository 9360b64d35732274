using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace PerCo.Engine.Backends.Cpu;

/// <summary>Sums of every column and of its squares over a run of rows, in double precision.</summary>
/// <remarks>
/// Groups have any number of channels, so lanes are columns and groups come later. See <see cref="Moments{S, V}"/>
/// for why one pass is enough.
/// </remarks>
internal readonly unsafe struct GroupNormSums(GroupNormLayout layout, double* sums) : ISimdBody
{
    /// <summary>Rows that are added in registers before the sums go back to memory.</summary>
    private const int Block = 8;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Run<S, V>(int item, int worker)
        where S : struct, ISimd<V>
        where V : struct
    {
        double* sum = sums + item * layout.SumsPerRun;
        double* squares = sum + layout.PaddedRowLength;
        new Span<double>(sum, 2 * layout.PaddedRowLength).Clear();
        (int picture, int start, int end) = layout.Run(item);
        int row = start;
        while (row < end)
        {
            // A shorter row, the last one, comes alone.
            int whole = Math.Min(end, layout.Positions / layout.Fold) - row;
            int rows = Math.Clamp(whole, 1, Block);
            for (int source = 0; source < layout.Sources; source++)
            {
                GroupNormSource x = layout.Source(source, picture, row);
                AddRows<S, V>(x, rows, sum + x.Offset, squares + x.Offset);
            }

            row += rows;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddRows<S, V>(GroupNormSource rows, int count, double* sum, double* squares)
        where S : struct, ISimd<V>
        where V : struct
    {
        // Lanes beyond the last column add zeros to the sums that follow.
        for (int c = 0; c < rows.Length; c += S.Count)
        {
            Moments<S, V> moments = Moments<S, V>.Load(sum + c, squares + c);
            float* x = rows.Values + c;
            for (int row = 0; row < count; row++)
            {
                moments.Add(SimdTail.Load<S, V>(x, rows.Length - c));
                if (Sse.IsSupported)
                {
                    // Reading a block of rows by columns is no pattern that processors foresee.
                    Sse.Prefetch0(x + Block * rows.Stride);
                }

                x += rows.Stride;
            }

            moments.Store(sum + c, squares + c);
        }
    }
}
