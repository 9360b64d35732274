using System.Runtime.CompilerServices;
using PerCo.Engine.Tensors.Ops;

namespace PerCo.Engine.Backends.Cpu.Gemm;

/// <summary>
/// result = finish(bias + rows · matrix), in groups of rows (pictures of a batch) that may have a bias of their own.
/// </summary>
/// <remarks>
/// A task packs a block of rows that stays in the second-level cache, and takes the panels of the matrix past it
/// (Goto and van de Geijn 2008, "Anatomy of high-performance matrix multiplication").
/// </remarks>
internal unsafe struct MatrixProduct
{
    /// <summary>Most rows of a block: 8 panels of 14.</summary>
    private const int BlockRows = 112;

    /// <summary>Fewest rows that are worth a block of their own.</summary>
    private const int SmallBlockRows = 42;

    /// <summary>Inner extent of a block where K is split: 112 rows of it are less than half a megabyte.</summary>
    private const int BlockK = 1024;

    /// <summary>K from which on a tile takes longer than it takes to ask for the next one's lines.</summary>
    private const int LeastFetchedK = 256;

    /// <summary>Number of groups of rows.</summary>
    public int Groups;

    /// <summary>Rows of a group.</summary>
    public int Rows;

    /// <summary>The packed right operand.</summary>
    public PackedMatrix Matrix;

    /// <summary>What the sums begin with, in the order of <see cref="PackedMatrix.Bias"/>.</summary>
    public float* Bias;

    /// <summary>Distance between the groups' biases; 0 for one that all share.</summary>
    public long BiasStride;

    /// <summary>[group][row][result columns].</summary>
    public float* Result;

    /// <summary>Columns of the result.</summary>
    public int ResultColumns;

    /// <summary>Added to the result before the activation, or null.</summary>
    public float* Residual;

    /// <summary>Distance between the groups' residuals; 0 for one that all share.</summary>
    public long ResidualStride;

    /// <summary>Applied last.</summary>
    public Activation Activation;

    /// <summary>Computes the product.</summary>
    public void Run<TReader>(CpuBackend backend, TReader reader)
        where TReader : struct, IRowReader
    {
        if (Groups == 0 || Rows == 0)
        {
            return;
        }

        GemmKernels kernels = Matrix.Kernels;

        // Pairs of columns meet in one tile after all of K, so K cannot be split between passes over the panels. Narrow
        // panels are widened for every block of rows, which therefore should be many.
        bool whole = Matrix.IsPaired || (Matrix.K <= kernels.WholeK && Matrix.Format == PanelFormat.Fp32);
        int blocks = whole ? 1 : PackedMatrix.DivideUp(Matrix.K, BlockK);
        int blockK = PackedMatrix.RoundUp(PackedMatrix.DivideUp(Matrix.K, blocks), GemmKernels.Chunk);
        int blockRows = Math.Clamp(BlockRows * BlockK / blockK, SmallBlockRows, BlockRows);
        Split(backend.Pool.Threads, blockRows, out int rowBlocks, out int columnBlocks);
        int rows = PackedMatrix.DivideUp(Rows, rowBlocks);
        long tile = (long)kernels.Rows * kernels.Width;
        long widened = Matrix.Format == PanelFormat.Fp32 ? 0 : (long)blockK * kernels.Width;
        long scratch = PackedMatrix.RoundUp(checked((int)(tile + widened + (long)rows * blockK)), GemmKernels.Chunk);
        HostStorage storage = backend.Arena.Rent(scratch * backend.Pool.Threads);
        try
        {
            backend.Pool.For(Groups * rowBlocks * columnBlocks, new Block<TReader>
            {
                Product = this,
                Reader = reader,
                RowBlocks = rowBlocks,
                ColumnBlocks = columnBlocks,
                BlockK = blockK,
                Scratch = storage.Values,
                ScratchStride = scratch,
                Widened = widened,
                Finish = TileFinish.For(backend.InstructionSet, Activation),
                NeedsFinish = Residual != null || Activation != Activation.None,
            });
        }
        finally
        {
            storage.Release();
        }
    }

    /// <summary>The first of part p when n items are dealt into parts as equal as can be.</summary>
    internal static int Part(int n, int p, int parts) => (int)((long)n * p / parts);

    // Enough tasks for all threads: smaller blocks of rows first, then blocks of columns, which pack the rows again.
    private readonly void Split(int threads, int blockRows, out int rowBlocks, out int columnBlocks)
    {
        rowBlocks = PackedMatrix.DivideUp(Rows, blockRows);
        columnBlocks = 1;
        if (threads == 1)
        {
            return;
        }

        int wanted = 2 * threads;
        if ((long)Groups * rowBlocks < wanted)
        {
            int smaller = Math.Min(PackedMatrix.DivideUp(Rows, SmallBlockRows), PackedMatrix.DivideUp(wanted, Groups));
            rowBlocks = Math.Max(rowBlocks, smaller);
        }

        if ((long)Groups * rowBlocks < wanted)
        {
            columnBlocks = Math.Min(Matrix.Panels, PackedMatrix.DivideUp(wanted, Groups * rowBlocks));
        }
        else if (Groups == 1)
        {
            rowBlocks = Math.Min(Rows, PackedMatrix.RoundUp(rowBlocks, threads));
        }
    }

    /// <summary>A block of rows times a range of panels.</summary>
    private struct Block<TReader> : IParallelBody
        where TReader : struct, IRowReader
    {
        public MatrixProduct Product;
        public TReader Reader;
        public int RowBlocks;
        public int ColumnBlocks;
        public int BlockK;
        public float* Scratch;
        public long ScratchStride;
        public long Widened;
        public delegate*<float*, long, float*, float*, long, int, int, void> Finish;
        public bool NeedsFinish;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public void Run(int item, int worker)
        {
            int columnBlock = item % ColumnBlocks;
            int rowBlock = item / ColumnBlocks % RowBlocks;
            int group = item / ColumnBlocks / RowBlocks;
            PackedMatrix matrix = Product.Matrix;
            int row0 = Part(Product.Rows, rowBlock, RowBlocks);
            int rows = Part(Product.Rows, rowBlock + 1, RowBlocks) - row0;
            int panel0 = Part(matrix.Panels, columnBlock, ColumnBlocks);
            int panel1 = Part(matrix.Panels, columnBlock + 1, ColumnBlocks);
            var strips = new Strips(rows, matrix.Kernels.Rows);
            float* tile = Scratch + worker * ScratchStride;
            float* widened = tile + (long)matrix.Kernels.Rows * matrix.Kernels.Width;
            float* packed = widened + Widened;

            for (int k0 = 0; k0 < matrix.K; k0 += BlockK)
            {
                int k = Math.Min(BlockK, matrix.K - k0);
                int stride = PackedMatrix.RoundUp(k, GemmKernels.Chunk);
                for (int strip = 0; strip < strips.Count; strip++)
                {
                    int first = strips.Start(strip);
                    Reader.Pack(packed + (long)first * stride, group, row0 + first, strips.Length(strip), k0, k);
                }

                for (int panel = panel0; panel < panel1; panel++)
                {
                    float* b = matrix.Widen(panel, k0, k, widened);
                    MultiplyPanel(group, row0, strips, panel, k0, k, packed, stride, b, tile);
                }
            }
        }

        // All rows of the block: what the panel decides is computed once, since a tile takes only some thousand cycles.
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private readonly void MultiplyPanel(
            int group, int row0, Strips strips, int panel, int k0, int k, float* packed, int packedStride, float* b,
            float* tile)
        {
            PackedMatrix matrix = Product.Matrix;
            GemmKernels kernels = matrix.Kernels;
            int vectors = matrix.Vectors(panel);
            int width = vectors * kernels.Lanes;
            int column = panel * (matrix.IsPaired ? width / 2 : kernels.Width);
            int columns = Math.Min(matrix.IsPaired ? width / 2 : width, Product.ResultColumns - column);
            long stride = Product.ResultColumns;
            float* bias = Product.Bias + group * Product.BiasStride + (long)panel * kernels.Width;
            bool inPlace = columns == width;
            int size = matrix.Format.Size();
            byte* next = matrix.Stored(Math.Min(panel + 1, matrix.Panels - 1)) + (long)k0 * width * size;
            bool finish = k0 + k == matrix.K && (NeedsFinish || !inPlace);
            for (int strip = 0; strip < strips.Count; strip++)
            {
                int first = strips.Start(strip);
                int rows = strips.Length(strip);
                long offset = (row0 + first) * stride + column;
                float* result = Product.Result + group * (Product.Rows * stride) + offset;
                float* sums = inPlace ? result : tile;
                long sumStride = inPlace ? stride : width;

                float* init = bias;
                long initStride = 0;
                if (k0 > 0)
                {
                    init = sums;
                    initStride = sumStride;
                    if (!inPlace)
                    {
                        CopyTile(result, stride, tile, width, rows, columns);
                    }
                }

                if (k >= LeastFetchedK)
                {
                    bool last = strip == strips.Count - 1;
                    int following = last ? 0 : strip + 1;
                    FetchResult(
                        group, row0 + strips.Start(following), last ? column + columns : column,
                        strips.Length(following));
                }

                kernels.Tile(rows, vectors)(
                    k, packed + (long)first * packedStride, b, init, initStride, sums, sumStride, (float*)next);
                next += GemmKernels.Fetched(k) * size;
                if (finish)
                {
                    float* residual = Product.Residual == null
                        ? null
                        : Product.Residual + group * Product.ResidualStride + offset;
                    Finish(sums, sumStride, residual, result, stride, rows, columns);
                }
                else if (!inPlace)
                {
                    CopyTile(tile, width, result, stride, rows, columns);
                }
            }
        }

        // What the next tile will write, and add, on its way while this tile is computed.
        private readonly void FetchResult(int group, int row, int column, int rows)
        {
            long stride = Product.ResultColumns;
            long offset = row * stride + column;
            CacheLines.FetchRows(Product.Result + group * (Product.Rows * stride) + offset, stride, rows);
            if (Product.Residual != null)
            {
                CacheLines.FetchRows(Product.Residual + group * Product.ResidualStride + offset, stride, rows);
            }
        }

        private static void CopyTile(float* from, long fromStride, float* to, long toStride, int rows, int columns)
        {
            for (int i = 0; i < rows; i++)
            {
                new ReadOnlySpan<float>(from + i * fromStride, columns).CopyTo(new Span<float>(to
                    + i * toStride, columns));
            }
        }
    }
}
