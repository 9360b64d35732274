using PerCo.Engine.Backends.Cpu.Gemm;

namespace PerCo.Engine.Backends.Cpu;

/// <summary>
/// How the queries are split into tiles of some panels, one tile an item of work. Each query is computed on its own, so
/// results do not depend on it.
/// </summary>
internal readonly struct AttentionTiles
{
    /// <summary>
    /// Queries that pay: more only make the tile's own memory larger than the keys and values it saves.
    /// </summary>
    private const int MostQueries = 128;

    /// <summary>Values of queries and results that leave room for keys and values in the second-level cache.</summary>
    private const int MostValues = 1 << 17;

    /// <summary>Packed keys and values of a picture that stay in the second-level cache.</summary>
    private const int CachedValues = 1 << 17;

    /// <summary>Items of work for each thread, so that all finish at about the same time.</summary>
    private const int ItemsPerThread = 4;

    private readonly int _heads;
    private readonly bool _headsTogether;

    public AttentionTiles(
        in AttentionOperands operands, in AttentionBlocks blocks, GemmKernels kernels, int threads)
    {
        long allPanels = (long)operands.AllHeads * DivideUp(operands.Queries, kernels.Width);
        int fitting = Math.Clamp(MostValues / (2 * operands.Channels * kernels.Width), 1, MostQueries / kernels.Width);
        Panels = (int)Math.Clamp(allPanels / (ItemsPerThread * threads), 1, fitting);
        Queries = Panels * kernels.Width;
        PerHead = DivideUp(operands.Queries, Queries);
        ScratchLength = Panels * AttentionPanel.Length(operands.Channels, kernels.Width)
            + (long)SharedRows * kernels.Width;
        _heads = operands.Heads;
        _headsTogether = operands.Heads * (blocks.KeysLength + blocks.ValuesLength) <= CachedValues;
    }

    /// <summary>Rows of a block's scores, and one of zeros that they begin with.</summary>
    public static int SharedRows => AttentionBlocks.BlockKeys + 1;

    /// <summary>Panels of a tile.</summary>
    public int Panels { get; }

    /// <summary>Queries of a tile.</summary>
    public int Queries { get; }

    /// <summary>Tiles of one head.</summary>
    public int PerHead { get; }

    /// <summary>Scratch values of a worker.</summary>
    public long ScratchLength { get; }

    /// <summary>
    /// Head and tile of an item. With long keys a head's tiles follow one another, which share its keys; with short
    /// ones the heads of a tile do, whose queries and results lie side by side.
    /// </summary>
    public (int Head, int Tile) Item(int item)
    {
        if (!_headsTogether)
        {
            return int.DivRem(item, PerHead);
        }

        (int pictureTile, int head) = int.DivRem(item, _heads);
        (int picture, int tile) = int.DivRem(pictureTile, PerHead);
        return (picture * _heads + head, tile);
    }

    private static int DivideUp(int value, int divisor) => (int)(((long)value + divisor - 1) / divisor);
}
