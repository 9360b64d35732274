using PerCo.Engine.Layers;
using PerCo.Engine.Tensors;

namespace PerCo.Engine.Networks.ClipText;

/// <summary>Token plus position embeddings; below <c>text_model.embeddings</c>.</summary>
internal sealed class ClipTextEmbeddings(LayerScope scope, ClipTextConfig config)
{
    private readonly Embedding _token = new(scope["token_embedding"], config.VocabularySize, config.HiddenSize);
    private readonly Embedding _position = new(scope["position_embedding"], config.MaxPositions, config.HiddenSize);
    private readonly int[] _positions = [.. Enumerable.Range(0, config.MaxPositions)];

    public Tensor Forward(ReadOnlySpan<int> ids, int batch)
    {
        int length = ids.Length / batch;
        using Tensor tokens = _token.Forward(ids, batch);                        // [batch, tokens, hidden]
        using Tensor positions = _position.Forward(_positions.AsSpan(0, length)); // [1, tokens, hidden]
        return tokens.Backend.Add(tokens, positions);
    }
}
