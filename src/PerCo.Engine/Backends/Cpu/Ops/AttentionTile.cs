using PerCo.Engine.Backends.Cpu.Gemm;

namespace PerCo.Engine.Backends.Cpu;

/// <summary>
/// Attention of one block of queries of one head. All products have the queries as columns: scores [key][query] =
/// keys · queriesᵀ, results [channel][query] = valuesᵀ · weights.
/// </summary>
internal readonly unsafe struct AttentionTile(
    AttentionOperands operands, AttentionBlocks blocks, GemmKernels kernels, float* packedKeys, float* packedValues,
    float* scratch) : ISimdBody
{
    /// <summary>Scratch values of a worker.</summary>
    public static long ScratchLength(in AttentionOperands operands, GemmKernels kernels)
    {
        int rows = AttentionBlocks.RoundUp(operands.Channels, GemmKernels.KMultiple)
            + operands.Channels + AttentionBlocks.BlockKeys + 3;
        return (long)rows * kernels.Width;
    }

    /// <summary>Blocks of queries of one head.</summary>
    public static int QueryBlocks(in AttentionOperands operands, GemmKernels kernels) =>
        (operands.Queries + kernels.Width - 1) / kernels.Width;

    public void Run<S, V>(int item, int worker)
        where S : struct, ISimd<V>
        where V : struct
    {
        (int head, int block) = int.DivRem(item, QueryBlocks(operands, kernels));
        int query = block * kernels.Width;
        int queries = Math.Min(kernels.Width, operands.Queries - query);
        int vectors = queries <= S.Count ? 1 : kernels.Width / S.Count;
        var tile = new Memory(
            scratch + worker * ScratchLength(operands, kernels), vectors * S.Count, operands.Channels);

        PackQueries<S, V>(head, query, queries, tile);
        Clear(tile);
        int keys = operands.VisibleKeys(query + queries - 1);
        for (int start = 0; start < keys; start += AttentionBlocks.BlockKeys)
        {
            int blockKeys = Math.Min(AttentionBlocks.BlockKeys, operands.Keys - start);
            int packed = AttentionBlocks.RoundUp(blockKeys, GemmKernels.KMultiple);
            Scores(head, start, blockKeys, vectors, tile);
            Mask(query, start, blockKeys, packed, tile);
            AttentionSoftmax.Add<S, V>(
                tile.Scores, packed, tile.Width, tile.Max, tile.Sum, tile.Result, operands.Channels);
            AddValues(head, start, packed, vectors, tile);
        }

        Write<S, V>(head, query, queries, tile);
    }

    private void PackQueries<S, V>(int head, int query, int queries, in Memory tile)
        where S : struct, ISimd<V>
        where V : struct
    {
        int rows = AttentionBlocks.RoundUp(operands.Channels, GemmKernels.KMultiple);
        new Span<float>(tile.Queries, rows * tile.Width).Clear();
        Transpose.Copy(
            operands.Query(head, query), operands.QueryStride, queries, operands.Channels, tile.Queries, tile.Width);
        V factor = S.Create(operands.ScoreFactor);
        for (int i = 0; i < rows * tile.Width; i += S.Count)
        {
            S.Store(S.Multiply(S.Load(tile.Queries + i), factor), tile.Queries + i);
        }
    }

    private void Clear(in Memory tile)
    {
        new Span<float>(tile.Result, operands.Channels * tile.Width).Clear();
        new Span<float>(tile.Zeros, tile.Width).Clear();
        new Span<float>(tile.Sum, tile.Width).Clear();
        new Span<float>(tile.Max, tile.Width).Fill(float.NegativeInfinity);
    }

    private void Scores(int head, int start, int blockKeys, int vectors, in Memory tile)
    {
        int k = AttentionBlocks.RoundUp(operands.Channels, GemmKernels.KMultiple);
        float* keys = packedKeys + head * blocks.KeysLength + (long)start * blocks.PackedChannels;
        int panels = blocks.KeyPanels(blockKeys);
        for (int panel = 0; panel < panels; panel++)
        {
            int first = AttentionBlocks.PanelStart(blockKeys, panel, panels);
            int rows = AttentionBlocks.PanelStart(blockKeys, panel + 1, panels) - first;
            kernels.Tile(rows, vectors)(
                k, keys + (long)first * blocks.PackedChannels, tile.Queries, tile.Zeros, 0,
                tile.Scores + (long)first * tile.Width, tile.Width);
        }
    }

    // −∞ for what fills the block up, and for keys that come after their query.
    private void Mask(int query, int start, int blockKeys, int packed, in Memory tile)
    {
        new Span<float>(tile.Scores + (long)blockKeys * tile.Width, (packed - blockKeys) * tile.Width)
            .Fill(float.NegativeInfinity);
        for (int key = Math.Max(start, operands.VisibleKeys(query)); key < start + blockKeys; key++)
        {
            int blind = key - operands.VisibleKeys(query) + 1;
            new Span<float>(tile.Scores + (long)(key - start) * tile.Width, Math.Min(blind, tile.Width))
                .Fill(float.NegativeInfinity);
        }
    }

    private void AddValues(int head, int start, int packed, int vectors, in Memory tile)
    {
        float* values = packedValues + head * blocks.ValuesLength;
        int panels = blocks.ChannelPanels;
        for (int panel = 0; panel < panels; panel++)
        {
            int first = AttentionBlocks.PanelStart(operands.Channels, panel, panels);
            int rows = AttentionBlocks.PanelStart(operands.Channels, panel + 1, panels) - first;
            float* sums = tile.Result + (long)first * tile.Width;
            kernels.Tile(rows, vectors)(
                packed, values + blocks.ValuesOffset(first, rows, start), tile.Scores, sums, tile.Width, sums, tile.Width);
        }
    }

    private void Write<S, V>(int head, int query, int queries, in Memory tile)
        where S : struct, ISimd<V>
        where V : struct
    {
        for (int lane = 0; lane < tile.Width; lane += S.Count)
        {
            V inverse = S.Divide(S.Create(1), S.Load(tile.Sum + lane));
            for (int c = 0; c < operands.Channels; c++)
            {
                float* value = tile.Result + (long)c * tile.Width + lane;
                S.Store(S.Multiply(S.Load(value), inverse), value);
            }
        }

        Transpose.Copy(
            tile.Result, tile.Width, operands.Channels, queries, operands.Result(head, query), operands.ResultStride);
    }

    /// <summary>A worker's scratch; every part is a number of rows as wide as the block of queries.</summary>
    private readonly struct Memory(float* start, int width, int channels)
    {
        public int Width => width;

        /// <summary>[channels, rounded up][width], scaled.</summary>
        public float* Queries => start;

        /// <summary>[channels][width].</summary>
        public float* Result => Queries + (long)AttentionBlocks.RoundUp(channels, GemmKernels.KMultiple) * width;

        /// <summary>[keys of a block][width]: scores, then weights.</summary>
        public float* Scores => Result + (long)channels * width;

        public float* Max => Scores + (long)AttentionBlocks.BlockKeys * width;

        public float* Sum => Max + width;

        public float* Zeros => Sum + width;
    }
}
