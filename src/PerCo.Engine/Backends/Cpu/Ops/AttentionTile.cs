using System.Runtime.CompilerServices;
using PerCo.Engine.Backends.Cpu.Gemm;

namespace PerCo.Engine.Backends.Cpu;

/// <summary>
/// Attention of some panels of queries of one head. All products have the queries as columns: scores [key][query] =
/// keys · queriesᵀ, results [channel][query] = valuesᵀ · weights. A block of keys and values is used for all panels
/// while it is in the cache, and the next block's are fetched meanwhile.
/// </summary>
internal readonly unsafe struct AttentionTile(
    AttentionOperands operands, AttentionBlocks blocks, AttentionTiles tiles, GemmKernels kernels,
    float* packedKeys, float* packedValues, float* scratch) : ISimdBody
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Run<S, V>(int item, int worker)
        where S : struct, ISimd<V>
        where V : struct
    {
        (int head, int tile) = tiles.Item(item);
        int first = tile * tiles.Queries;
        int end = Math.Min(operands.Queries, first + tiles.Queries);
        float* memory = scratch + worker * tiles.ScratchLength;
        for (int query = first; query < end; query += kernels.Width)
        {
            Panel<S, V>(memory, query, first, end).Begin<S, V>(
                operands.Query(head, query), operands.QueryStride, operands.ScoreFactor);
        }

        float* scores = memory + tiles.Panels * AttentionPanel.Length(operands.Channels, kernels.Width);
        float* zeros = scores + AttentionBlocks.BlockKeys * kernels.Width;
        new Span<float>(zeros, kernels.Width).Clear();
        for (int start = 0; start < operands.VisibleKeys(end - 1); start += AttentionBlocks.BlockKeys)
        {
            for (int query = first; query < end; query += kernels.Width)
            {
                AttentionPanel panel = Panel<S, V>(memory, query, first, end);
                if (start < operands.VisibleKeys(query + panel.Queries - 1))
                {
                    AddBlock<S, V>(head, query, start, panel, scores, zeros);
                }
            }
        }

        for (int query = first; query < end; query += kernels.Width)
        {
            Panel<S, V>(memory, query, first, end).End<S, V>(operands.Result(head, query), operands.ResultStride);
        }
    }

    private AttentionPanel Panel<S, V>(float* memory, int query, int first, int end)
        where S : struct, ISimd<V>
        where V : struct
    {
        int queries = Math.Min(kernels.Width, end - query);
        int width = queries <= S.Count ? S.Count : kernels.Width;
        long offset = (query - first) / kernels.Width * AttentionPanel.Length(operands.Channels, kernels.Width);
        return new AttentionPanel(memory + offset, queries, width, operands.Channels);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void AddBlock<S, V>(int head, int query, int start, in AttentionPanel panel, float* scores, float* zeros)
        where S : struct, ISimd<V>
        where V : struct
    {
        int keys = Math.Min(AttentionBlocks.BlockKeys, operands.Keys - start);
        int paddedKeys = AttentionBlocks.RoundUp(keys, GemmKernels.KMultiple);
        int vectors = panel.Width / S.Count;
        Scores(head, start, keys, vectors, panel, scores, zeros);
        Mask(query, start, keys, paddedKeys, scores, panel.Width);
        AttentionSoftmax.Add<S, V>(scores, paddedKeys, panel);
        AddValues(head, start, paddedKeys, vectors, panel, scores);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Scores(
        int head, int start, int keys, int vectors, in AttentionPanel panel, float* scores, float* zeros)
    {
        int k = AttentionBlocks.RoundUp(operands.Channels, GemmKernels.KMultiple);
        float* packed = packedKeys + head * blocks.KeysLength + (long)start * blocks.PackedChannels;
        Strips panels = blocks.KeyPanels(keys);
        for (int i = 0; i < panels.Count; i++)
        {
            int first = panels.Start(i);
            int rows = panels.Length(i);
            kernels.Tile(rows, vectors)(
                k, packed + (long)first * blocks.PackedChannels, panel.QueryValues, zeros, 0,
                scores + first * panel.Width, panel.Width,
                packed + (long)(AttentionBlocks.BlockKeys + first) * blocks.PackedChannels);
        }
    }

    // −∞ for what fills the block up, and for keys that come after their query.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Mask(int query, int start, int keys, int paddedKeys, float* scores, int width)
    {
        Hide(scores + keys * width, (paddedKeys - keys) * width);
        int visible = operands.VisibleKeys(query);
        for (int key = Math.Max(start, visible); key < start + keys; key++)
        {
            Hide(scores + (key - start) * width, Math.Min(key - visible + 1, width));
        }
    }

    private static void Hide(float* scores, int count) => new Span<float>(scores, count).Fill(float.NegativeInfinity);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void AddValues(int head, int start, int paddedKeys, int vectors, in AttentionPanel panel, float* weights)
    {
        float* packed = packedValues + head * blocks.ValuesLength;
        Strips panels = blocks.ChannelPanels;
        for (int i = 0; i < panels.Count; i++)
        {
            int first = panels.Start(i);
            int rows = panels.Length(i);
            float* sums = panel.Result + (long)first * panel.Width;
            kernels.Tile(rows, vectors)(
                paddedKeys, packed + blocks.ValuesOffset(first, rows, start), weights, sums, panel.Width, sums,
                panel.Width, packed + blocks.ValuesOffset(first, rows, start + AttentionBlocks.BlockKeys));
        }
    }
}
