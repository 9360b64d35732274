using PerCo.Engine.Layers;
using PerCo.Engine.Tensors;
using Linear = PerCo.Engine.Layers.Linear;

namespace PerCo.Engine.Networks.Blip2;

/// <summary>A transformer layer, normalised before each half; below <c>vision_model.encoder.layers.N</c>.</summary>
internal sealed class VisionLayer(LayerScope scope, VisionConfig config)
{
    private readonly LayerNorm _norm1 = new(scope["layer_norm1"], config.HiddenSize, config.LayerNormEpsilon);
    private readonly VisionAttention _attention = new(scope["self_attn"], config);
    private readonly LayerNorm _norm2 = new(scope["layer_norm2"], config.HiddenSize, config.LayerNormEpsilon);
    private readonly Linear _expand = new(
        scope["mlp"]["fc1"], config.HiddenSize, config.IntermediateSize, config.Activation, bias: true);

    private readonly Linear _contract = new(
        scope["mlp"]["fc2"], config.IntermediateSize, config.HiddenSize, bias: true);

    public Tensor Forward(Tensor x)
    {
        // 1. Attention
        using Tensor normed1 = _norm1.Forward(x);                       // [batch, tokens, hidden]
        using Tensor attended = _attention.Forward(normed1, residual: x);

        // 2. Feed-forward
        using Tensor normed2 = _norm2.Forward(attended);
        using Tensor expanded = _expand.Forward(normed2);               // [batch, tokens, intermediate]
        return _contract.Forward(expanded, residual: attended);         // [batch, tokens, hidden]
    }
}
