using PerCo.Engine.Layers;
using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;
using Linear = PerCo.Engine.Layers.Linear;

namespace PerCo.Engine.Networks.ClipText;

/// <summary>Causal self-attention; below <c>text_model.encoder.layers.N.self_attn</c>.</summary>
internal sealed class ClipTextAttention(LayerScope scope, ClipTextConfig config)
{
    private readonly int _hidden = config.HiddenSize;
    private readonly Linear _projections = Linear.Fused(
        scope, config.HiddenSize, config.HiddenSize, bias: true, "q_proj", "k_proj", "v_proj");

    private readonly Linear _output = new(scope["out_proj"], config.HiddenSize, config.HiddenSize, bias: true);
    private readonly AttentionSpec _spec = new(config.Heads, 1 / MathF.Sqrt(config.HiddenSize / config.Heads))
    {
        Causal = true,
    };

    public Tensor Forward(Tensor x, Tensor residual)
    {
        using Tensor projected = _projections.Forward(x);  // [batch, tokens, 3 · hidden]
        using Tensor attended = x.Backend.Attention(
            new ChannelSlice(projected, 0, _hidden),
            new ChannelSlice(projected, _hidden, _hidden),
            new ChannelSlice(projected, 2 * _hidden, _hidden),
            _spec);
        return _output.Forward(attended, residual);
    }
}
