using System.Runtime.CompilerServices;
using PerCo.Engine.Tensors.Ops;

namespace PerCo.Engine.Backends.Cpu.Gemm;

/// <summary>
/// A <see cref="MatrixProduct"/> by 7 products of half its rows, columns and k instead of 8 (Strassen 1969, "Gaussian
/// elimination is not optimal"), in Winograd's form with 15 additions.
/// </summary>
/// <remarks>
/// <para>
/// The parts of the rows are the even and the odd ones, neighbours that are much alike: a result is as exact as the
/// larger of its two rows and columns allows (Higham 2002, "Accuracy and Stability of Numerical Algorithms", 23.2.2).
/// The parts of the columns are the two halves, those of k the halves of a block, whatever the instruction set.
/// </para>
/// <para>
/// As in Huang et al. 2016, "Strassen's algorithm reloaded", the left operand's sums are made while it is packed, and
/// those of the results while they are tiles.
/// </para>
/// </remarks>
internal static unsafe class StrassenProduct
{
    /// <summary>Most k of a block. Part of the result: sums of blocks are added.</summary>
    private const int BlockK = 1280;

    /// <summary>Columns are a multiple of this: two panels of any instruction set.</summary>
    private const int ColumnMultiple = 64;

    /// <summary>Most pairs of rows of a block.</summary>
    private const int BlockPairs = 56;

    /// <summary>Packed values of a block that leave room in the second-level cache.</summary>
    private const int BlockValues = 1 << 17;

    /// <summary>Sums of the right operand that are made at a time, to be used while they are cached.</summary>
    private const int SumValues = 1 << 20;

    /// <summary>Rows up to which making these sums once for all threads takes longer than it saves.</summary>
    private const int FewRows = 512;

    /// <summary>Tasks of a thread, at least, where they are not equally long: none waits long for the others.</summary>
    private const int TasksPerThread = 4;

    /// <summary>
    /// Whether a product is faster this way: from what is fixed of a layer and the rows of one picture, so that neither
    /// a batch nor the machine changes a result.
    /// </summary>
    /// <remarks>
    /// An eighth of the products is saved. Against it stand additions: of the left operand (a share of 1 / columns), of
    /// the matrix (1 / rows) and of the results (1 / k), which were measured and are given a margin.
    /// </remarks>
    /// <param name="spec">The layer.</param>
    /// <param name="rows">Rows of one picture.</param>
    public static bool Suits(LinearSpec spec, long rows)
    {
        long k = spec.Inputs, columns = spec.Outputs;
        const int rowCost = 80;
        const int matrixCost = 200;
        const int resultCost = 80;
        return rows % 2 == 0 && k % (2 * GemmKernels.Chunk) == 0 && columns % ColumnMultiple == 0
            && (spec.Activation != Activation.Geglu || k <= BlockK)
            && rowCost * rows * k + matrixCost * k * columns + resultCost * rows * columns < rows * k * columns;
    }

    /// <summary>Bound of the scratch values that a product takes.</summary>
    public static long MostScratch(GemmKernels kernels, int threads) =>
        Math.Max(SumValues, StrassenTiles.PackedSize(FewRows / 2, BlockK / 2))
        + threads * (BlockValues + StrassenTiles.WorkSize(kernels));

    /// <summary>Computes the product of <paramref name="rows"/>, [group][row][K], with the matrix.</summary>
    public static void Run(CpuBackend backend, in MatrixProduct product, float* rows)
    {
        PackedMatrix matrix = product.Matrix;
        int blocks = PackedMatrix.DivideUp(matrix.K, BlockK);
        int blockK = PackedMatrix.RoundUp(PackedMatrix.DivideUp(matrix.K, blocks), 2 * GemmKernels.Chunk);
        var tiles = new StrassenTiles
        {
            Product = product,
            Rows = rows,
            Half = blockK / 2,
            Finish = TileFinish.For(backend.InstructionSet, product.Activation),
            Add = TileFinish.For(backend.InstructionSet, Activation.None),
        };
        bool hasFewRows = (long)product.Groups * product.Rows <= FewRows;
        if (hasFewRows && matrix.Panels / 2 >= TasksPerThread * backend.Pool.Threads)
        {
            RunByPanels(backend, tiles);
        }
        else
        {
            RunByRows(backend, tiles);
        }
    }

    // Few rows: all are packed first, then every task takes some columns. Every weight is read once, by one thread.
    private static void RunByPanels(CpuBackend backend, StrassenTiles tiles)
    {
        MatrixProduct product = tiles.Product;
        GemmKernels kernels = product.Matrix.Kernels;
        int blockK = 2 * tiles.Half;
        var strips = new Strips(product.Rows / 2, kernels.Rows);
        long packed = StrassenTiles.PackedSize((long)product.Groups * product.Rows / 2, tiles.Half);
        long sums = StrassenTiles.SumsSize(tiles.Half, kernels.Width);
        long scratch = sums + StrassenTiles.WorkSize(kernels);
        HostStorage storage = backend.Arena.Rent(packed + scratch * backend.Pool.Threads);
        try
        {
            for (int k0 = 0; k0 < product.Matrix.K; k0 += blockK)
            {
                tiles.K0 = k0;
                tiles.Half = Math.Min(blockK, product.Matrix.K - k0) / 2;
                backend.Pool.For(backend.InstructionSet, product.Groups * strips.Count, new Strip
                {
                    Tiles = tiles,
                    Strips = strips,
                    Packed = storage.Values,
                });
                backend.Pool.For(backend.InstructionSet, product.Matrix.Panels / 2, new PanelPair
                {
                    Tiles = tiles,
                    Strips = strips,
                    Packed = storage.Values,
                    Sums = storage.Values + packed,
                    Work = storage.Values + packed + sums,
                    Stride = scratch,
                });
            }
        }
        finally
        {
            storage.Release();
        }
    }

    // Every task packs some rows and takes them past the columns, whose sums all tasks share.
    private static void RunByRows(CpuBackend backend, StrassenTiles tiles)
    {
        MatrixProduct product = tiles.Product;
        PackedMatrix matrix = product.Matrix;
        GemmKernels kernels = matrix.Kernels;
        int threads = backend.Pool.Threads;
        int half = tiles.Half;
        int pairs = product.Rows / 2;
        long size = StrassenTiles.SumsSize(half, kernels.Width);
        int panelGroups = PackedMatrix.DivideUp(matrix.Panels / 2, (int)Math.Max(1, SumValues / size));
        int groupPanels = PackedMatrix.DivideUp(matrix.Panels / 2, panelGroups);
        long pairsCached = BlockValues / StrassenTiles.PackedSize(1, half) / kernels.Rows * kernels.Rows;
        int blockPairs = (int)Math.Clamp(pairsCached, kernels.Rows, BlockPairs);
        int rowBlocks = PackedMatrix.DivideUp(pairs, blockPairs);
        if (product.Groups == 1 && rowBlocks >= threads)
        {
            rowBlocks = Math.Min(pairs, PackedMatrix.RoundUp(rowBlocks, threads));
        }

        int columnBlocks = Math.Min(
            groupPanels, PackedMatrix.DivideUp(2 * threads, product.Groups * rowBlocks));
        long packed = StrassenTiles.PackedSize(PackedMatrix.DivideUp(pairs, rowBlocks), half);
        long scratch = packed + StrassenTiles.WorkSize(kernels);
        HostStorage storage = backend.Arena.Rent(groupPanels * size + scratch * threads);
        try
        {
            for (int k0 = 0; k0 < matrix.K; k0 += 2 * half)
            {
                tiles.K0 = k0;
                tiles.Half = Math.Min(2 * half, matrix.K - k0) / 2;
                for (int first = 0; first < matrix.Panels / 2; first += groupPanels)
                {
                    int panels = Math.Min(groupPanels, matrix.Panels / 2 - first);
                    backend.Pool.For(backend.InstructionSet, panels, new PanelSums
                    {
                        Tiles = tiles, FirstPanel = first, Sums = storage.Values,
                    });
                    backend.Pool.For(
                        backend.InstructionSet, product.Groups * rowBlocks * columnBlocks, new RowBlock
                        {
                            Tiles = tiles,
                            RowBlocks = rowBlocks,
                            ColumnBlocks = columnBlocks,
                            FirstPanel = first,
                            Panels = panels,
                            Sums = storage.Values,
                            Packed = storage.Values + groupPanels * size,
                            PackedSize = packed,
                            Stride = scratch,
                        });
                }
            }
        }
        finally
        {
            storage.Release();
        }
    }

    private struct Strip : ISimdBody
    {
        public StrassenTiles Tiles;
        public Strips Strips;
        public float* Packed;

        public readonly void Run<S, V>(int item, int worker)
            where S : struct, ISimd<V>
            where V : struct
        {
            int group = item / Strips.Count;
            int first = Strips.Start(item % Strips.Count);
            long pair = (long)group * (Tiles.Product.Rows / 2) + first;
            Tiles.Pack<S, V>(
                group, first, Strips.Length(item % Strips.Count),
                Packed + StrassenTiles.PackedSize(pair, Tiles.Half));
        }
    }

    private struct PanelPair : ISimdBody
    {
        public StrassenTiles Tiles;
        public Strips Strips;
        public float* Packed;
        public float* Sums;
        public float* Work;
        public long Stride;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public readonly void Run<S, V>(int item, int worker)
            where S : struct, ISimd<V>
            where V : struct
        {
            float* sums = Sums + worker * Stride;
            float* work = Work + worker * Stride;
            float* a = Packed;
            Tiles.SumPanels<S, V>(item, sums);
            for (int group = 0; group < Tiles.Product.Groups; group++)
            {
                Tiles.Begin<S, V>(group, item, work);
                for (int strip = 0; strip < Strips.Count; strip++)
                {
                    int pairs = Strips.Length(strip);
                    float* next = a + StrassenTiles.PackedSize(pairs, Tiles.Half);
                    Tiles.Multiply<S, V>(group, Strips.Start(strip), pairs, item, a, sums, work, next);
                    a = next;
                }
            }
        }
    }

    private struct PanelSums : ISimdBody
    {
        public StrassenTiles Tiles;
        public int FirstPanel;
        public float* Sums;

        public readonly void Run<S, V>(int item, int worker)
            where S : struct, ISimd<V>
            where V : struct => Tiles.SumPanels<S, V>(
                FirstPanel + item,
                Sums + item * StrassenTiles.SumsSize(Tiles.Half, Tiles.Product.Matrix.Kernels.Width));
    }

    private struct RowBlock : ISimdBody
    {
        public StrassenTiles Tiles;
        public int RowBlocks;
        public int ColumnBlocks;
        public int FirstPanel;
        public int Panels;
        public float* Sums;
        public float* Packed;
        public long PackedSize;
        public long Stride;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public readonly void Run<S, V>(int item, int worker)
            where S : struct, ISimd<V>
            where V : struct
        {
            int columnBlock = item % ColumnBlocks;
            int rowBlock = item / ColumnBlocks % RowBlocks;
            int group = item / ColumnBlocks / RowBlocks;
            GemmKernels kernels = Tiles.Product.Matrix.Kernels;
            int allPairs = Tiles.Product.Rows / 2;
            int pair0 = MatrixProduct.Part(allPairs, rowBlock, RowBlocks);
            int pairs = MatrixProduct.Part(allPairs, rowBlock + 1, RowBlocks) - pair0;
            var strips = new Strips(pairs, kernels.Rows);
            float* packed = Packed + worker * Stride;
            float* work = packed + PackedSize;
            for (int strip = 0; strip < strips.Count; strip++)
            {
                int first = strips.Start(strip);
                Tiles.Pack<S, V>(
                    group, pair0 + first, strips.Length(strip),
                    packed + StrassenTiles.PackedSize(first, Tiles.Half));
            }

            long size = StrassenTiles.SumsSize(Tiles.Half, kernels.Width);
            int end = MatrixProduct.Part(Panels, columnBlock + 1, ColumnBlocks);
            for (int panel = MatrixProduct.Part(Panels, columnBlock, ColumnBlocks); panel < end; panel++)
            {
                float* sums = Sums + panel * size;
                float* next = sums + size;
                Tiles.Begin<S, V>(group, FirstPanel + panel, work);
                for (int strip = 0; strip < strips.Count; strip++)
                {
                    int first = strips.Start(strip);
                    Tiles.Multiply<S, V>(
                        group, pair0 + first, strips.Length(strip), FirstPanel + panel,
                        packed + StrassenTiles.PackedSize(first, Tiles.Half), sums, work, next);
                    next += StrassenTiles.Fetched(Tiles.Half);
                }
            }
        }
    }
}
