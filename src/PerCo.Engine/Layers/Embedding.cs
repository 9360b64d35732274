using PerCo.Engine.Tensors;

namespace PerCo.Engine.Layers;

/// <summary>A table of vectors with the checkpoint's <c>weight</c> [entries, channels].</summary>
internal sealed class Embedding(LayerScope scope, int entries, int channels)
{
    private readonly EmbeddingWeights _weights = scope.Own(
        scope.Backend.PrepareEmbedding(scope.Weights.Get("weight", new Shape(entries, channels))));

    /// <summary>Ids of <paramref name="batch"/> equally long texts → [batch, tokens, channels].</summary>
    public Tensor Forward(ReadOnlySpan<int> ids, int batch = 1) => scope.Backend.Embed(ids, _weights, batch);
}
