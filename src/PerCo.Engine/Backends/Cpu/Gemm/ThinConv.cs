using System.Runtime.CompilerServices;
using PerCo.Engine.Tensors.Ops;

namespace PerCo.Engine.Backends.Cpu.Gemm;

/// <summary>
/// A convolution with very few outputs, a decoder's last for one. A product whose columns are outputs would leave most
/// lanes idle; here the columns are neighbouring pixels, and outputs are rows. The sums are those of the direct
/// product, term by term in the same order, so their bits are the same.
/// </summary>
/// <remarks>
/// An item of work is a block of pixels. Row by row of the input, its pixels become a panel [channel][pixel], and as
/// many panels as the kernel has rows are kept. Tiles read a panel once for each column of the convolution's kernel,
/// from so many pixels on: beyond a row's end they find the next channel's pixels, so the last columns of the result
/// are of no use, and the next block begins with them.
/// </remarks>
internal unsafe struct ThinConv : IParallelBody
{
    /// <summary>Outputs up to which this is faster than tiles of Winograd, which gain a little at 4.</summary>
    public const int MostOutputs = 3;

    /// <summary>Rows of a block: its first panels are made twice, once for the block above.</summary>
    private const int BlockRows = 16;

    /// <summary>Distance between a pixel's results before they are written: whole vectors are read.</summary>
    private const int PixelStride = 16;

    /// <summary>[picture][row][column][channel], one source as it lies in memory.</summary>
    public ConvInput Input;

    /// <summary>What <see cref="Pack"/> made.</summary>
    public float* Weights;

    /// <summary>The layer.</summary>
    public Conv2dSpec Spec;

    /// <summary>Zeros around the input.</summary>
    public Padding Padding;

    /// <summary>What is written.</summary>
    public ConvOutput Output;

    private GemmKernels _kernels;
    private delegate*<float*, long, float*, float*, long, int, int, void> _finish;
    private float* _scratch;
    private long _scratchStride;
    private int _rowBlocks;
    private int _columnBlocks;

    /// <summary>Whether a layer is one of these.</summary>
    public static bool Suits(Conv2dSpec spec) =>
        spec is { Outputs: <= MostOutputs, Stride: 1, KernelHeight: 2 or 3, KernelWidth: 2 or 3 };

    /// <summary>Memory in bytes of a layer's packed weight.</summary>
    public static long BytesOf(Conv2dSpec spec) =>
        Suits(spec) ? TapSize(spec) * spec.KernelHeight * spec.KernelWidth * sizeof(float) : 0;

    /// <summary>The weight as rows of the kernels' left operand, [tap][input/16][output][16].</summary>
    public static NativeBuffer Pack(MatrixSource source, Conv2dSpec spec)
    {
        long tapSize = TapSize(spec);
        var packed = new NativeBuffer(tapSize * spec.KernelHeight * spec.KernelWidth);
        var column = new float[source.K];
        for (int output = 0; output < spec.Outputs; output++)
        {
            source.ReadColumn(output, column);
            for (int k = 0; k < source.K; k++)
            {
                (int tap, int input) = int.DivRem(k, spec.Inputs);
                (int chunk, int place) = int.DivRem(input, GemmKernels.Chunk);
                long at = tap * tapSize + ((long)chunk * spec.Outputs + output) * GemmKernels.Chunk + place;
                packed.Values[at] = column[k];
            }
        }

        return packed;
    }

    /// <summary>Computes the convolution.</summary>
    public void Run(CpuBackend backend)
    {
        _kernels = backend.Kernels;
        _finish = TileFinish.For(backend.InstructionSet, Output.Activation);
        _rowBlocks = PackedMatrix.DivideUp(Output.Height, BlockRows);
        _columnBlocks = PackedMatrix.DivideUp(Output.Width, Columns);
        _scratchStride = PackedMatrix.RoundUp(
            checked((int)(Spec.KernelHeight * PanelSize + SumsSize + TileSize)), GemmKernels.Chunk);
        HostStorage storage = backend.Arena.Rent(_scratchStride * backend.Pool.Threads);
        _scratch = storage.Values;
        try
        {
            backend.Pool.For(checked(Output.Batch * _rowBlocks * _columnBlocks), this);
        }
        finally
        {
            storage.Release();
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void Run(int item, int worker)
    {
        (int rest, int columnBlock) = int.DivRem(item, _columnBlocks);
        (int picture, int rowBlock) = int.DivRem(rest, _rowBlocks);
        int x = columnBlock * Columns;
        int first = rowBlock * BlockRows;
        int end = Math.Min(Output.Height, first + BlockRows);

        float* panels = _scratch + worker * _scratchStride;
        float* sums = panels + Spec.KernelHeight * PanelSize;
        float* tile = sums + SumsSize;
        new Span<float>(tile, checked((int)TileSize)).Clear();
        int rowsAhead = Spec.KernelHeight - 1;
        for (int row = first - rowsAhead; row < end; row++)
        {
            // The panel of the last input row that result row 'row' reads; the others are there already.
            int newest = row + rowsAhead;
            float* panel = panels + (newest - first) % Spec.KernelHeight * PanelSize;
            FillPanel(picture, newest - Padding.Top, x - Padding.Left, panel);
            if (row >= first)
            {
                Multiply(picture, row - first, panels, Pixels(picture, newest - Padding.Top + 1, x), sums);
                Finish(picture, row, x, sums, tile);
            }
        }
    }

    private readonly int Channels => PackedMatrix.RoundUp(Input.Channels, GemmKernels.KMultiple);

    // Columns of the result that a block of pixels gives.
    private readonly int Columns => _kernels.Width - (Spec.KernelWidth - 1);

    // With room for what is read beyond the last channel's end.
    private readonly long PanelSize => (long)Channels * _kernels.Width + GemmKernels.Chunk;

    private readonly long SumsSize => (long)Spec.Outputs * _kernels.Width;

    private readonly long TileSize => (long)PixelStride * _kernels.Width;

    private static long TapSize(Conv2dSpec spec) =>
        (long)spec.Outputs * PackedMatrix.RoundUp(spec.Inputs, GemmKernels.Chunk);

    // [channel][pixel] of an input row from column x on, zeros outside of the picture and of the channels.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void FillPanel(int picture, int y, int x, float* panel)
    {
        int width = _kernels.Width;
        int from = Math.Clamp(-x, 0, width);
        int to = (uint)y < (uint)Input.Height ? Math.Clamp(Input.Width - x, from, width) : from;
        if (to - from < width)
        {
            new Span<float>(panel, checked((int)PanelSize)).Clear();
        }
        else
        {
            int valid = Input.Channels * width;
            new Span<float>(panel + valid, checked((int)PanelSize) - valid).Clear();
        }

        if (from < to)
        {
            Transpose.Copy(
                Pixels(picture, y, x + from), Input.Channels, to - from, Input.Channels, panel + from, width);
        }
    }

    private readonly float* Pixels(int picture, int y, int x) =>
        Input.First + Input.Position(picture, y, x) * Input.Channels;

    // From 'next' on lies what the next panel is made of, which the kernels fetch meanwhile.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void Multiply(int picture, int index, float* panels, float* next, float* sums)
    {
        int width = _kernels.Width;
        float* bias = Output.BiasOf(picture);
        for (int output = 0; output < Spec.Outputs; output++)
        {
            new Span<float>(sums + output * width, width).Fill(bias[output]);
        }

        float* weights = Weights;
        for (int kernelRow = 0; kernelRow < Spec.KernelHeight; kernelRow++)
        {
            float* panel = panels + (index + kernelRow) % Spec.KernelHeight * PanelSize;
            for (int kernelColumn = 0; kernelColumn < Spec.KernelWidth; kernelColumn++)
            {
                _kernels.Tile(Spec.Outputs, width / _kernels.Lanes)(
                    Channels, weights, panel + kernelColumn, sums, width, sums, width, next);
                weights += TapSize(Spec);
                next += GemmKernels.Fetched(Channels);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void Finish(int picture, int row, int x, float* sums, float* tile)
    {
        Transpose.Copy(sums, _kernels.Width, Spec.Outputs, _kernels.Width, tile, PixelStride);
        _finish(
            tile, PixelStride, Output.ResidualAt(picture, row, x), Output.At(picture, row, x), Spec.Outputs,
            Math.Min(Columns, Output.Width - x), Spec.Outputs);
    }
}
