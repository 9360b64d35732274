using PerCo.Engine.Layers;
using PerCo.Engine.Tensors;

namespace PerCo.Engine.Networks.Blip2;

/// <summary>
/// The querying transformer (Li et al. 2023, "BLIP-2", sec. 3.1): a fixed number of learned queries draw what a
/// language model needs out of a picture's vectors. Reads <c>query_tokens</c> beside <c>qformer</c>.
/// </summary>
internal sealed class QFormer
{
    private readonly EmbeddingWeights _queries;
    private readonly LayerNorm _norm;
    private readonly QFormerLayer[] _layers;

    /// <param name="root">The checkpoint's root.</param>
    /// <param name="config">Sizes of the network.</param>
    /// <param name="queries">Number of learned queries.</param>
    public QFormer(LayerScope root, QFormerConfig config, int queries)
    {
        HostTensor tokens = root.Weights.Get("query_tokens", new Shape(1, queries, config.HiddenSize));
        _queries = root.Own(root.Backend.PrepareEmbedding(
            new HostTensor(tokens.Name, tokens.Type, new Shape(queries, config.HiddenSize), tokens.Bytes)));
        LayerScope scope = root["qformer"];
        _norm = new LayerNorm(scope["layernorm"], config.HiddenSize, config.LayerNormEpsilon);
        _layers = new QFormerLayer[config.Layers];
        for (int i = 0; i < _layers.Length; i++)
        {
            bool hasCrossAttention = i % config.CrossAttentionFrequency == 0;
            _layers[i] = new QFormerLayer(scope["encoder"]["layer"][i], config, hasCrossAttention);
        }
    }

    /// <summary>[batch, 1 + patches, encoder hidden] → [batch, queries, hidden].</summary>
    public Tensor Forward(Tensor picture)
    {
        // 1. The queries, once a picture                                  [batch, queries, hidden]
        int batch = picture.Shape.Batch;
        var ids = new int[batch * _queries.Entries];
        for (int i = 0; i < ids.Length; i++)
        {
            ids[i] = i % _queries.Entries;
        }

        using Tensor queries = picture.Backend.Embed(ids, _queries, batch);
        Tensor x = _norm.Forward(queries);

        // 2. Layers
        foreach (QFormerLayer layer in _layers)
        {
            using Tensor previous = x;
            x = layer.Forward(previous, picture);
        }

        return x;
    }
}
