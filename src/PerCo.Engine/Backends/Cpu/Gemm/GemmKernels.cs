using System.Runtime.Intrinsics;

namespace PerCo.Engine.Backends.Cpu.Gemm;

/// <summary>
/// The micro-kernels of one instruction set. All compute each value as one chain of fused multiply-adds in the order of
/// k, beginning with <c>init</c>: results are the same bits at every width, tiling and blocking of K.
/// </summary>
/// <remarks>
/// <c>a</c> is a packed panel of rows, [k/16][rows][16]; <c>b</c> a packed panel of columns, [k][width]; k is a
/// multiple of <see cref="KMultiple"/>, not of 16. <c>init</c> (a bias with stride 0, or what earlier blocks of K gave)
/// and <c>c</c> may be the same.
/// </remarks>
internal sealed unsafe class GemmKernels
{
    /// <summary>Packed K is a multiple of this, filled up with zeros.</summary>
    public const int KMultiple = 4;

    /// <summary>Values of a row that lie together in a packed panel of rows.</summary>
    public const int Chunk = 16;

    private readonly delegate*<long, float*, float*, float*, long, float*, long, float*, void>[] _tiles;
    private readonly int _vectors;

    public GemmKernels(
        int lanes, int rows, int vectors, int rowPanels,
        delegate*<long, float*, float*, float*, float*, void> row)
    {
        Lanes = lanes;
        Rows = rows;
        _vectors = vectors;
        RowPanels = rowPanels;
        Row = row;
        int tiles = (rows + 1) * (vectors + 1);
        _tiles = new delegate*<long, float*, float*, float*, long, float*, long, float*, void>[tiles];
    }

    /// <summary>Floats in a vector.</summary>
    public int Lanes { get; }

    /// <summary>
    /// K up to which a block of rows has all of it, so that results are written once. Processors with AVX-512 have
    /// second-level caches of a megabyte and more, others half of that.
    /// </summary>
    public int WholeK => Lanes == Vector512<float>.Count ? 3072 : 1024;

    /// <summary>Most rows of a tile.</summary>
    public int Rows { get; }

    /// <summary>Columns of a full panel.</summary>
    public int Width => Lanes * _vectors;

    /// <summary>Panels that <see cref="Row"/> takes at once; they lie one after the other.</summary>
    public int RowPanels { get; }

    /// <summary>One row of plain memory times <see cref="RowPanels"/> full panels: (k, a, b, init, c).</summary>
    public delegate*<long, float*, float*, float*, float*, void> Row { get; }

    /// <summary>
    /// Values that a tile fetches ahead: a cache line every <see cref="KMultiple"/> steps of k, so that the time of
    /// some strips suffices for the panel that comes next.
    /// </summary>
    public static int Fetched(int k) => k / KMultiple * Chunk;

    /// <summary>The layout of panels that are one vector wide, without kernels.</summary>
    public GemmKernels OneVector => new(Lanes, 0, 1, 1, null);

    /// <summary>The kernels of an instruction set.</summary>
    public static GemmKernels For(InstructionSet set) => set switch
    {
        InstructionSet.Avx512 => GemmKernels512.Create(),
        InstructionSet.Avx2 => GemmKernels256.Create(),
        _ => GemmKernels128.Create(),
    };

    /// <summary>
    /// (k, a, b, init, initStride, c, cStride, next) for a tile of 1 to <see cref="Rows"/> rows. From <c>next</c> on,
    /// <see cref="Fetched"/> values are fetched into the second-level cache meanwhile; it may point anywhere.
    /// </summary>
    public delegate*<long, float*, float*, float*, long, float*, long, float*, void> Tile(int rows, int vectors) =>
        _tiles[vectors * (Rows + 1) + rows];

    /// <summary>What reads panels of a narrow format.</summary>
    public NarrowKernels Narrow(PanelFormat format) => NarrowKernels.For(Lanes, format);

    public void Add(
        int rows, int vectors, delegate*<long, float*, float*, float*, long, float*, long, float*, void> kernel) =>
        _tiles[vectors * (Rows + 1) + rows] = kernel;
}
