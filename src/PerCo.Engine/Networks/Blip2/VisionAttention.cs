using PerCo.Engine.Layers;
using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;
using Linear = PerCo.Engine.Layers.Linear;

namespace PerCo.Engine.Networks.Blip2;

/// <summary>
/// Self-attention over all patches; below <c>vision_model.encoder.layers.N.self_attn</c>. The checkpoint has queries,
/// keys and values fused as <c>qkv</c> already.
/// </summary>
internal sealed class VisionAttention(LayerScope scope, VisionConfig config)
{
    private readonly int _hidden = config.HiddenSize;
    private readonly Linear _projections = new(
        scope["qkv"], config.HiddenSize, 3 * config.HiddenSize, bias: config.QkvBias);

    private readonly Linear _output = new(scope["projection"], config.HiddenSize, config.HiddenSize, bias: true);
    private readonly AttentionSpec _spec = new(config.Heads, 1 / MathF.Sqrt(config.HiddenSize / config.Heads));

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
