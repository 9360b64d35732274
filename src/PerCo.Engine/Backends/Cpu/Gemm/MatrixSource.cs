using System.Buffers;
using System.Runtime.CompilerServices;
using PerCo.Engine.Tensors;

namespace PerCo.Engine.Backends.Cpu.Gemm;

/// <summary>
/// A weight [columns, inputs, taps] of a checkpoint, read as the columns of a matrix whose k is (tap, input), as pixels
/// lie in memory, or (input, tap). A linear layer has one tap.
/// </summary>
internal sealed unsafe class MatrixSource
{
    /// <summary>
    /// Values of a column that are read at a time, so that those of a whole panel stay in the first-level caches.
    /// </summary>
    private const int BlockValues = 256;

    /// <summary>Between the columns of a block, which would share few sets of a cache at a distance of 1 KiB.</summary>
    private const int Gap = GemmKernels.Chunk;

    private readonly HostTensor _weight;
    private readonly int _inputs;
    private readonly int _taps;

    /// <summary>Names a weight [columns, inputs, ..]; nothing is read yet.</summary>
    /// <param name="weight">The weight.</param>
    /// <param name="byInput">Whether an input's taps stay together, as they are in the checkpoint.</param>
    public MatrixSource(HostTensor weight, bool byInput = false)
    {
        _weight = weight;
        Columns = weight.Shape[0];
        int inputs = weight.Shape[1];
        int taps = checked((int)(weight.Shape.Count / Math.Max(1, (long)Columns * inputs)));
        K = checked(inputs * taps);
        _inputs = byInput ? K : inputs;
        _taps = byInput ? 1 : taps;
    }

    /// <summary>Columns of the matrix.</summary>
    public int Columns { get; }

    /// <summary>Rows of the matrix.</summary>
    public int K { get; }

    /// <summary>Writes a column.</summary>
    public void ReadColumn(int column, Span<float> values)
    {
        if (_taps == 1)
        {
            _weight.CopyRangeTo((long)column * K, values);
            return;
        }

        float[] row = ArrayPool<float>.Shared.Rent(K);
        _weight.CopyRangeTo((long)column * K, row.AsSpan(0, K));
        for (int tap = 0; tap < _taps; tap++)
        {
            for (int i = 0; i < _inputs; i++)
            {
                values[tap * _inputs + i] = row[i * _taps + tap];
            }
        }

        ArrayPool<float>.Shared.Return(row);
    }

    /// <summary>Writes a panel in fp32, [K][width]: some inputs of all its columns at a time.</summary>
    /// <param name="layout">Has the panel's columns and width.</param>
    /// <param name="panel">The panel.</param>
    /// <param name="destination">Receives K · width values.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void FillPanel(PackedMatrix layout, int panel, float* destination)
    {
        int width = layout.Vectors(panel) * layout.Kernels.Lanes;
        int blockInputs = Math.Max(1, BlockValues / _taps);
        int stride = blockInputs * _taps + Gap;
        float[] rented = ArrayPool<float>.Shared.Rent(2 * width * stride);
        fixed (float* columns = rented)
        {
            float* rows = columns + width * stride;
            for (int first = 0; first < _inputs; first += blockInputs)
            {
                int inputs = Math.Min(blockInputs, _inputs - first);
                ReadBlock(layout, panel, width, first, inputs, columns, stride);
                if (_taps == 1)
                {
                    Transpose.Copy(columns, stride, width, inputs, destination + (long)first * width, width);
                    continue;
                }

                Transpose.Copy(columns, stride, width, inputs * _taps, rows, width);
                Deal(rows, inputs, width, destination + (long)first * width);
            }
        }

        ArrayPool<float>.Shared.Return(rented);
    }

    // [width][input][tap], zeros for places without a column.
    private void ReadBlock(
        PackedMatrix layout, int panel, int width, int first, int inputs, float* columns, int stride)
    {
        for (int place = 0; place < width; place++)
        {
            var values = new Span<float>(columns + place * stride, inputs * _taps);
            int column = layout.ColumnAt(panel, place);
            if (column < 0)
            {
                values.Clear();
            }
            else
            {
                _weight.CopyRangeTo((long)column * K + (long)first * _taps, values);
            }
        }
    }

    // [input][tap][width] to [tap][input][width], of which the destination has more inputs.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Deal(float* rows, int inputs, int width, float* destination)
    {
        uint bytes = (uint)width * sizeof(float);
        long tapStride = (long)_inputs * width;
        for (int i = 0; i < inputs; i++)
        {
            for (int tap = 0; tap < _taps; tap++)
            {
                Unsafe.CopyBlockUnaligned(destination + tap * tapStride, rows, bytes);
                rows += width;
            }

            destination += width;
        }
    }
}
