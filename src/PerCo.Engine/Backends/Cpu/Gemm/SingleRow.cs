using System.Runtime.CompilerServices;
using PerCo.Engine.Tensors.Ops;

namespace PerCo.Engine.Backends.Cpu.Gemm;

/// <summary>
/// One row times a matrix, result = finish(bias + x · matrix): every weight is read once, so the memory sets the speed.
/// Sums are the same bits as in <see cref="MatrixProduct"/>.
/// </summary>
internal unsafe struct SingleRow : IParallelBody
{
    private PackedMatrix _matrix;
    private float* _x;
    private float* _result;
    private float* _residual;
    private int _columns;
    private delegate*<float*, long, float*, float*, long, int, int, void> _finish;

    /// <summary>Computes the product.</summary>
    /// <param name="backend">Gives threads and memory.</param>
    /// <param name="matrix">The packed right operand.</param>
    /// <param name="x">The row.</param>
    /// <param name="inputs">Its length.</param>
    /// <param name="residual">Added before the activation, or null.</param>
    /// <param name="activation">Applied last.</param>
    /// <param name="result">Receives <paramref name="columns"/> values.</param>
    /// <param name="columns">Columns of the result.</param>
    public static void Run(
        CpuBackend backend, PackedMatrix matrix, float* x, int inputs, float* residual, Activation activation,
        float* result, int columns)
    {
        HostStorage? padded = null;
        if (matrix.K != inputs)
        {
            padded = backend.Arena.Rent(matrix.K);
            Span<float> copy = padded.Span;
            new ReadOnlySpan<float>(x, inputs).CopyTo(copy);
            copy[inputs..].Clear();
            x = padded.Values;
        }

        try
        {
            backend.Pool.For(PackedMatrix.DivideUp(matrix.Panels, matrix.Kernels.RowPanels), new SingleRow
            {
                _matrix = matrix,
                _x = x,
                _result = result,
                _residual = residual,
                _columns = columns,
                _finish = TileFinish.For(backend.InstructionSet, activation),
            });
        }
        finally
        {
            padded?.Release();
        }
    }

    [SkipLocalsInit, MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void Run(int item, int worker)
    {
        GemmKernels kernels = _matrix.Kernels;
        int width = kernels.Width;
        int panel = item * kernels.RowPanels;
        int end = Math.Min(_matrix.Panels, panel + kernels.RowPanels);
        float* sums = stackalloc float[width * kernels.RowPanels];
        float* bias = _matrix.Bias + (long)panel * width;
        if (end - panel == kernels.RowPanels && _matrix.Vectors(end - 1) * kernels.Lanes == width)
        {
            kernels.Row(_matrix.K, _x, _matrix.Panel(panel), bias, sums);
        }
        else
        {
            for (int p = panel; p < end; p++)
            {
                int offset = (p - panel) * width;
                float* b = _matrix.Panel(p);
                kernels.Tile(1, _matrix.Vectors(p))(
                    _matrix.K, _x, b, bias + offset, 0, sums + offset, 0, b + (long)_matrix.K * width);
            }
        }

        int resultWidth = _matrix.IsPaired ? width / 2 : width;
        for (int p = panel; p < end; p++)
        {
            int column = p * resultWidth;
            _finish(
                sums + (p - panel) * width, 0, _residual == null ? null : _residual + column, _result + column, 0, 1,
                Math.Min(resultWidth, _columns - column));
        }
    }
}
