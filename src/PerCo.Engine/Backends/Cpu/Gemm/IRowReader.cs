using System.Runtime.CompilerServices;

namespace PerCo.Engine.Backends.Cpu.Gemm;

/// <summary>The left operand of a product: gives panels of rows in the order that the kernels read.</summary>
internal unsafe interface IRowReader
{
    /// <summary>
    /// Writes columns <paramref name="k0"/> to <paramref name="k0"/> + <paramref name="count"/> of some rows as
    /// [count/16][rows][16]. Columns beyond the operand's are zeros. Both k are multiples of 16, except at the end.
    /// </summary>
    void Pack(float* destination, int group, int row, int rows, int k0, int count);
}

/// <summary>Rows that lie one after the other: [group][row][k].</summary>
internal readonly unsafe struct DenseRows(float* values, int rowsInGroup, int columns) : IRowReader
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Pack(float* destination, int group, int row, int rows, int k0, int count)
    {
        const int chunk = GemmKernels.Chunk;
        int valid = Math.Min(count, columns - k0);
        float* source = values + ((long)group * rowsInGroup + row) * columns + k0;
        if (valid < columns)
        {
            PackParts(destination, source, rows, count, valid);
            return;
        }

        for (int i = 0; i < rows; i++)
        {
            float* to = destination + i * chunk;
            int k = 0;
            for (; k + chunk <= valid; k += chunk)
            {
                Unsafe.CopyBlockUnaligned(to, source + k, chunk * sizeof(float));
                to += rows * chunk;
            }

            CopyTail(to, source, k, count, valid);
            source += columns;
        }
    }

    // Parts of rows do not follow each other in memory: all rows together are more streams at a time, which the
    // processor fetches ahead, than one after the other with a start each.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void PackParts(float* destination, float* source, int rows, int count, int valid)
    {
        const int chunk = GemmKernels.Chunk;
        int k = 0;
        for (; k + chunk <= valid; k += chunk)
        {
            float* from = source + k;
            for (int i = 0; i < rows; i++)
            {
                Unsafe.CopyBlockUnaligned(destination, from, chunk * sizeof(float));
                destination += chunk;
                from += columns;
            }
        }

        for (int i = 0; i < rows; i++)
        {
            CopyTail(destination, source, k, count, valid);
            destination += chunk;
            source += columns;
        }
    }

    private static void CopyTail(float* to, float* source, int k, int count, int valid)
    {
        for (int q = 0; k + q < count; q++)
        {
            to[q] = k + q < valid ? source[k + q] : 0;
        }
    }
}
