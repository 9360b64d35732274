using PerCo.Engine.Tensors;

namespace PerCo.Engine.Backends.Cpu;

public sealed partial class CpuBackend
{
    /// <inheritdoc/>
    private protected override void EmbedCore(ReadOnlySpan<int> ids, EmbeddingWeights table, Tensor result)
    {
        // A text has tens of tokens: handing them to threads costs more than converting them.
        var w = (HostEmbeddingWeights)table;
        for (int i = 0; i < ids.Length; i++)
        {
            w.CopyRow(ids[i], result.Span().Slice(i * w.Channels, w.Channels));
        }
    }
}
