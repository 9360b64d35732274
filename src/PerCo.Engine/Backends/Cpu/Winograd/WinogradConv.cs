using System.Runtime.Intrinsics;
using PerCo.Engine.Backends.Cpu.Gemm;

namespace PerCo.Engine.Backends.Cpu.Winograd;

/// <summary>
/// A 3×3 convolution of stride 1 by tiles: transform the inputs, one product per tap, transform back. The tiles of a
/// block stay in the second-level cache through all three steps.
/// </summary>
internal unsafe struct WinogradConv
{
    /// <summary>Most tiles of a block: two strips of 14.</summary>
    private const int BlockTiles = 28;

    /// <summary>
    /// The same for many channels, whose weights come from beyond the second-level cache for every block.
    /// </summary>
    private const int LargeBlockTiles = 56;

    private const int ManyChannels = 512;

    /// <summary>
    /// Most tiles that are worth being transformed all before the first product: their sums for a panel stay in the
    /// second-level cache, and every weight is read once, by one thread.
    /// </summary>
    public const int PanelTiles = 128;

    /// <summary>
    /// Transformed inputs of a block above which they leave the second-level cache whichever way the work is split.
    /// </summary>
    private const int CachedValues = 1 << 17;

    /// <summary>
    /// Transformed weights of a block of inputs, where they are made at every use: about half of a second-level cache.
    /// </summary>
    public const int BlockValues = 1 << 17;

    /// <summary>What is read.</summary>
    public ConvInput Input;

    /// <summary>Zero rows above.</summary>
    public int PaddingTop;

    /// <summary>Zero columns to the left.</summary>
    public int PaddingLeft;

    /// <summary>Transformed weights, or the kernels as they are; a panel's k is (tap, input).</summary>
    public PackedMatrix Matrix;

    /// <summary>
    /// Whether <see cref="Matrix"/> has the kernels as they are: a block of inputs is transformed at a time.
    /// </summary>
    public bool IsDirect;

    /// <summary>Which results of an up-sampled input; see <see cref="WinogradTransformUp"/>.</summary>
    public int Phase;

    /// <summary>The first panel of <see cref="Matrix"/> to compute.</summary>
    public int FirstPanel;

    /// <summary>Panels to compute.</summary>
    public int Panels;

    /// <summary>What is written.</summary>
    public ConvOutput Output;

    /// <summary>Computes the convolution with the transform that <see cref="Matrix"/> was made by.</summary>
    public readonly void Run(CpuBackend backend, ConvAlgorithm algorithm)
    {
        switch (algorithm)
        {
            case ConvAlgorithm.Winograd2:
                Run<WinogradTransform2>(backend);
                break;
            case ConvAlgorithm.WinogradUp:
                Run<WinogradTransformUp>(backend);
                break;
            default:
                Run<WinogradTransform4>(backend);
                break;
        }
    }

    /// <summary>Bound of a worker's values of transformed and widened weights where they are not kept.</summary>
    public static long MostBlockScratch(int width) =>
        2 * BlockValues + (WinogradTransform4.Outputs + 2) * (WinogradTransform4.Outputs + 2) * GemmKernels.Chunk
        + WinogradWeights.KernelTaps * GemmKernels.Chunk * (long)width;

    /// <summary>Tiles of all pictures.</summary>
    public static long TilesOf(ConvAlgorithm algorithm, int batch, int height, int width)
    {
        int outputs = algorithm == ConvAlgorithm.Winograd2 ? WinogradTransform2.Outputs : WinogradTransform4.Outputs;
        return (long)batch * PackedMatrix.DivideUp(height, outputs) * PackedMatrix.DivideUp(width, outputs);
    }

    private readonly void Run<TTransform>(CpuBackend backend)
        where TTransform : struct, IWinogradTransform
    {
        switch (backend.InstructionSet)
        {
            case InstructionSet.Avx512:
                Run<TTransform, Simd512, Vector512<float>>(backend);
                break;
            case InstructionSet.Avx2:
                Run<TTransform, Simd256, Vector256<float>>(backend);
                break;
            default:
                Run<TTransform, Simd128, Vector128<float>>(backend);
                break;
        }
    }

    private readonly void Run<TTransform, S, V>(CpuBackend backend)
        where TTransform : struct, IWinogradTransform
        where S : struct, ISimd<V>
        where V : struct
    {
        var tiles = new WinogradTiles<TTransform, S, V>(
            this, TileFinish.For(backend.InstructionSet, Output.Activation), Matrix.Kernels.Rows);
        if (tiles.Count == 0)
        {
            return;
        }

        int threads = backend.Pool.Threads;
        int rows = Matrix.Kernels.Rows;
        int most = Input.Channels >= ManyChannels ? LargeBlockTiles : BlockTiles;
        int block = Math.Min(most / rows * rows, PackedMatrix.RoundUp(
            PackedMatrix.DivideUp(tiles.Count, 2 * threads), rows));
        int blocks = PackedMatrix.DivideUp(tiles.Count, block);
        bool weightsOnce = tiles.Count <= PanelTiles
            && tiles.PackedSize(Math.Min(tiles.Count, most)) > CachedValues;
        if (IsDirect || weightsOnce || blocks < threads)
        {
            RunByPanels(backend, tiles);
        }
        else
        {
            RunByTiles(backend, tiles, threads == 1 ? blocks : PackedMatrix.RoundUp(blocks, threads));
        }
    }

    // Every task takes some tiles from input to result.
    private static void RunByTiles<TTransform, S, V>(
        CpuBackend backend, WinogradTiles<TTransform, S, V> tiles, int blocks)
        where TTransform : struct, IWinogradTransform
        where S : struct, ISimd<V>
        where V : struct
    {
        int largest = PackedMatrix.DivideUp(tiles.Count, blocks);
        long packed = tiles.PackedSize(largest);
        long scratch = packed + tiles.ScratchSize(largest);
        HostStorage storage = backend.Arena.Rent(scratch * backend.Pool.Threads);
        try
        {
            backend.Pool.For(blocks, new TileBlock<TTransform, S, V>
            {
                Tiles = tiles,
                Blocks = blocks,
                Packed = storage.Values,
                PackedSize = packed,
                Stride = scratch,
            });
        }
        finally
        {
            storage.Release();
        }
    }

    // Few tiles, many weights: all tiles are transformed first, then every task takes some columns.
    private static void RunByPanels<TTransform, S, V>(CpuBackend backend, WinogradTiles<TTransform, S, V> tiles)
        where TTransform : struct, IWinogradTransform
        where S : struct, ISimd<V>
        where V : struct
    {
        long packed = tiles.PackedSize(tiles.Count);
        long scratch = tiles.ScratchSize(tiles.Count);
        HostStorage storage = backend.Arena.Rent(packed + scratch * backend.Pool.Threads);
        try
        {
            backend.Pool.For(tiles.Count, new InputTile<TTransform, S, V>
            {
                Tiles = tiles,
                Packed = storage.Values,
                Scratch = storage.Values + packed,
                Stride = scratch,
            });
            backend.Pool.For(tiles.Panels, new Panel<TTransform, S, V>
            {
                Tiles = tiles,
                Packed = storage.Values,
                Scratch = storage.Values + packed,
                Stride = scratch,
            });
        }
        finally
        {
            storage.Release();
        }
    }

    private struct TileBlock<TTransform, S, V> : IParallelBody
        where TTransform : struct, IWinogradTransform
        where S : struct, ISimd<V>
        where V : struct
    {
        public WinogradTiles<TTransform, S, V> Tiles;
        public int Blocks;
        public float* Packed;
        public long PackedSize;
        public long Stride;

        public readonly void Run(int item, int worker)
        {
            float* packed = Packed + worker * Stride;
            float* scratch = packed + PackedSize;
            int first = (int)((long)Tiles.Count * item / Blocks);
            int count = (int)((long)Tiles.Count * (item + 1) / Blocks) - first;
            for (int i = 0; i < count; i++)
            {
                Tiles.TransformInput(first, count, i, packed, Tiles.WorkOf(scratch, count));
            }

            for (int panel = 0; panel < Tiles.Panels; panel++)
            {
                Tiles.Multiply(first, count, panel, packed, scratch);
            }
        }
    }

    private struct InputTile<TTransform, S, V> : IParallelBody
        where TTransform : struct, IWinogradTransform
        where S : struct, ISimd<V>
        where V : struct
    {
        public WinogradTiles<TTransform, S, V> Tiles;
        public float* Packed;
        public float* Scratch;
        public long Stride;

        public readonly void Run(int item, int worker) =>
            Tiles.TransformInput(
                0, Tiles.Count, item, Packed, Tiles.WorkOf(Scratch + worker * Stride, Tiles.Count));
    }

    private struct Panel<TTransform, S, V> : IParallelBody
        where TTransform : struct, IWinogradTransform
        where S : struct, ISimd<V>
        where V : struct
    {
        public WinogradTiles<TTransform, S, V> Tiles;
        public float* Packed;
        public float* Scratch;
        public long Stride;

        public readonly void Run(int item, int worker) =>
            Tiles.Multiply(0, Tiles.Count, item, Packed, Scratch + worker * Stride);
    }
}
