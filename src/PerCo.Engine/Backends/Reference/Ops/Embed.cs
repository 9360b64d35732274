using PerCo.Engine.Tensors;

namespace PerCo.Engine.Backends.Reference;

public partial class ReferenceBackend
{
    /// <inheritdoc/>
    private protected override void EmbedCore(ReadOnlySpan<int> ids, EmbeddingWeights table, Tensor result)
    {
        var w = (HostEmbeddingWeights)table;
        for (int i = 0; i < ids.Length; i++)
        {
            w.CopyRow(ids[i], result.Span().Slice(i * w.Channels, w.Channels));
        }
    }
}
