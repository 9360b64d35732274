using PerCo.Engine.Layers;
using PerCo.Engine.Tensors;
using Linear = PerCo.Engine.Layers.Linear;

namespace PerCo.Engine.Networks.Blip2;

/// <summary>
/// A transformer layer, normalised before each half or (in OPT-350m) after it; below
/// <c>language_model.model.decoder.layers.N</c>.
/// </summary>
internal sealed class OptLayer(LayerScope scope, OptConfig config)
{
    // OPT's norms keep torch's epsilon.
    private const float Epsilon = 1e-5f;

    private readonly OptAttention _attention = new(scope["self_attn"], config);
    private readonly LayerNorm _attentionNorm = new(scope["self_attn_layer_norm"], config.HiddenSize, Epsilon);
    private readonly Linear _expand = new(
        scope["fc1"], config.HiddenSize, config.IntermediateSize, config.Activation, config.Bias);

    private readonly Linear _contract = new(
        scope["fc2"], config.IntermediateSize, config.HiddenSize, bias: config.Bias);

    private readonly LayerNorm _finalNorm = new(scope["final_layer_norm"], config.HiddenSize, Epsilon);

    /// <summary>x [1, tokens, hidden] → the same shape.</summary>
    public Tensor Forward(Tensor x, Tensor cache, int past) =>
        config.NormBefore ? NormFirst(x, cache, past) : NormLast(x, cache, past);

    private Tensor NormFirst(Tensor x, Tensor cache, int past)
    {
        // 1. Attention
        using Tensor normed = _attentionNorm.Forward(x);
        using Tensor attended = _attention.Forward(normed, residual: x, cache, past);

        // 2. Feed-forward
        using Tensor normed2 = _finalNorm.Forward(attended);
        using Tensor expanded = _expand.Forward(normed2);               // [1, tokens, intermediate]
        return _contract.Forward(expanded, residual: attended);
    }

    private Tensor NormLast(Tensor x, Tensor cache, int past)
    {
        // 1. Attention
        using Tensor attended = _attention.Forward(x, residual: x, cache, past);
        using Tensor normed = _attentionNorm.Forward(attended);

        // 2. Feed-forward
        using Tensor expanded = _expand.Forward(normed);                // [1, tokens, intermediate]
        using Tensor contracted = _contract.Forward(expanded, residual: normed);
        return _finalNorm.Forward(contracted);
    }
}
