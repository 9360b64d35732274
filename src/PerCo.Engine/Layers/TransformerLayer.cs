using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;

namespace PerCo.Engine.Layers;

/// <summary>
/// Self-attention and a feed-forward, each after a LayerNorm and onto its input, with the names of transformers'
/// CLIP: <c>layer_norm1</c>, <c>layer_norm2</c>, <c>mlp.fc1</c>, <c>mlp.fc2</c>.
/// </summary>
/// <param name="scope">The layer's place in the checkpoint.</param>
/// <param name="attention">Built by the network: checkpoints name and fuse its projections differently.</param>
/// <param name="hiddenSize">Channels.</param>
/// <param name="intermediateSize">Channels within the feed-forward.</param>
/// <param name="activation">Within the feed-forward.</param>
/// <param name="epsilon">Of both norms.</param>
internal sealed class TransformerLayer(
    LayerScope scope, SelfAttention attention, int hiddenSize, int intermediateSize, Activation activation,
    float epsilon)
{
    private readonly LayerNorm _norm1 = new(scope["layer_norm1"], hiddenSize, epsilon);
    private readonly LayerNorm _norm2 = new(scope["layer_norm2"], hiddenSize, epsilon);
    private readonly Linear _expand = new(scope["mlp"]["fc1"], hiddenSize, intermediateSize, activation, bias: true);
    private readonly Linear _contract = new(scope["mlp"]["fc2"], intermediateSize, hiddenSize, bias: true);

    /// <summary>[batch, tokens, hidden] → the same shape.</summary>
    public Tensor Forward(Tensor x)
    {
        // 1. Attention                                                    [batch, tokens, hidden]
        using var hidden = new HiddenState(_norm1.Forward(x));
        using Tensor attended = attention.Forward(hidden, residual: x);

        // 2. Feed-forward                                                 [batch, tokens, intermediate]
        hidden.Next(_norm2.Forward(attended));
        hidden.Next(_expand.Forward(hidden.Value));
        return _contract.Forward(hidden.Value, residual: attended);
    }
}
