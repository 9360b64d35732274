using PerCo.Engine.Backends;
using PerCo.Engine.Layers;
using PerCo.Engine.Tensors;

namespace PerCo.Engine.Networks.Blip2;

/// <summary>
/// The layers of OPT (Zhang et al. 2022) with learned positions; below <c>language_model.model.decoder</c>.
/// </summary>
internal sealed class OptDecoder
{
    // The reference's table starts with two rows that no position uses: a heritage of fairseq's padding index.
    private const int PositionOffset = 2;

    // OPT's norms keep torch's epsilon.
    private const float Epsilon = 1e-5f;

    private readonly Backend _backend;
    private readonly EmbeddingWeights _tokens;
    private readonly Embedding _positions;
    private readonly OptLayer[] _layers;
    private readonly LayerNorm? _finalNorm;

    /// <param name="scope">Where the layers and positions lie.</param>
    /// <param name="config">Sizes of the network.</param>
    /// <param name="tokens">The token embedding: [vocabulary, hidden].</param>
    public OptDecoder(LayerScope scope, OptConfig config, HostTensor tokens)
    {
        _backend = scope.Backend;
        _tokens = scope.Own(_backend.PrepareEmbedding(tokens));
        _positions = new Embedding(
            scope["embed_positions"], config.MaxPositions + PositionOffset, config.HiddenSize);
        _layers = new OptLayer[config.Layers];
        for (int i = 0; i < _layers.Length; i++)
        {
            _layers[i] = new OptLayer(scope["layers"][i], config);
        }

        _finalNorm = config.FinalNorm ? new LayerNorm(scope["final_layer_norm"], config.HiddenSize, Epsilon) : null;
    }

    /// <summary>The embedding of one token: [1, 1, hidden].</summary>
    public Tensor Embed(int token) => _backend.Embed([token], _tokens);

    /// <summary>
    /// Continues a sequence by embeddings [1, tokens, hidden] (of queries or of tokens) → the last position's
    /// [1, 1, hidden], from which the next token follows.
    /// </summary>
    public Tensor Forward(Tensor embeddings, KeyValueCache cache)
    {
        int past = cache.Length, count = embeddings.Shape.Tokens;

        // 1. Positions                                                    [1, tokens, hidden]
        Span<int> ids = count <= 64 ? stackalloc int[count] : new int[count];
        for (int i = 0; i < count; i++)
        {
            ids[i] = past + i + PositionOffset;
        }

        Tensor x;
        using (Tensor positions = _positions.Forward(ids))
        {
            x = _backend.Add(embeddings, positions);
        }

        // 2. Layers
        for (int i = 0; i < _layers.Length; i++)
        {
            using Tensor previous = x;
            x = _layers[i].Forward(previous, cache[i], past);
        }

        cache.Length += count;

        // 3. The last position, normalised                                [1, 1, hidden]
        using Tensor all = x;
        using Tensor last = _backend.Allocate(new Shape(1, 1, all.Shape.Channels));
        _backend.CopyTokens(all, count - 1, 1, last, 0);
        return _finalNorm is null ? last.Move() : _finalNorm.Forward(last);
    }
}
