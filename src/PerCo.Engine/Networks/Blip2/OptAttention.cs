using PerCo.Engine.Layers;
using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;
using Linear = PerCo.Engine.Layers.Linear;

namespace PerCo.Engine.Networks.Blip2;

/// <summary>
/// Causal self-attention over the cached positions; below <c>language_model.model.decoder.layers.N.self_attn</c>.
/// </summary>
internal sealed class OptAttention(LayerScope scope, OptConfig config)
{
    private readonly int _hidden = config.HiddenSize;
    private readonly Linear _projections = Linear.Fused(
        scope, config.HiddenSize, config.HiddenSize, config.Bias, "q_proj", "k_proj", "v_proj");

    private readonly Linear _output = new(
        scope["out_proj"], config.HiddenSize, config.HiddenSize, bias: config.Bias);

    private readonly AttentionSpec _spec = new(config.Heads, 1 / MathF.Sqrt(config.HiddenSize / config.Heads))
    {
        Causal = true,
    };

    /// <summary>
    /// x [1, tokens, hidden] → the same shape; its keys and values go behind the past ones in the cache.
    /// </summary>
    public Tensor Forward(Tensor x, Tensor residual, Tensor cache, int past)
    {
        int tokens = x.Shape.Tokens;

        // 1. Projections                                                  [1, tokens, 3 · hidden]
        using Tensor projected = _projections.Forward(x);
        x.Backend.CopyTokens(new ChannelSlice(projected, _hidden, 2 * _hidden), 0, tokens, cache, past);

        // 2. Attention                                                    [1, tokens, hidden]
        using Tensor attended = x.Backend.Attention(
            new ChannelSlice(projected, 0, _hidden),
            new ChannelSlice(cache, 0, _hidden),
            new ChannelSlice(cache, _hidden, _hidden),
            _spec with { KeyCount = past + tokens });

        // 3. Output
        return _output.Forward(attended, residual);
    }
}
