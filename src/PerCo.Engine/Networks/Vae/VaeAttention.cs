using PerCo.Engine.Layers;
using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;
using Linear = PerCo.Engine.Layers.Linear;
using GroupNorm = PerCo.Engine.Layers.GroupNorm;

namespace PerCo.Engine.Networks.Vae;

/// <summary>
/// Self-attention over all positions with one head, in the middle of the autoencoder (diffusers Attention).
/// </summary>
internal sealed class VaeAttention
{
    private readonly GroupNorm _norm;
    private readonly Linear _toQkv;
    private readonly Linear _toOut;
    private readonly int _channels;
    private readonly AttentionSpec _spec;

    /// <summary>Builds the block; both generations of diffusers' names are read.</summary>
    public VaeAttention(LayerScope scope, int channels, VaeConfig config)
    {
        // diffusers before 0.18 called the projections query, key, value and proj_attn; Stable Diffusion 2.1's own
        // folder still has these names.
        bool old = scope.Weights.HasScope("query");
        _norm = new GroupNorm(scope["group_norm"], channels, config.NormNumGroups, VaeConfig.Epsilon);
        _toQkv = old
            ? Linear.Fused(scope, channels, channels, bias: true, "query", "key", "value")
            : Linear.Fused(scope, channels, channels, bias: true, "to_q", "to_k", "to_v");
        _toOut = new Linear(old ? scope["proj_attn"] : scope["to_out"][0], channels, channels, bias: true);
        _channels = channels;
        _spec = new AttentionSpec(Heads: 1, Scale: 1 / MathF.Sqrt(channels)) { Upcast = config.ForceUpcast };
    }

    /// <summary>[b, h, w, c] → [b, h, w, c].</summary>
    public Tensor Forward(Tensor x)
    {
        // 1. Queries, keys and values side by side: [b, h, w, 3c].
        using var hidden = new HiddenState(_norm.Forward(x));
        hidden.Next(_toQkv.Forward(hidden.Value));

        // 2. Every position looks at every other: [b, h, w, c].
        hidden.Next(x.Backend.Attention(
            new ChannelSlice(hidden.Value, 0, _channels),
            new ChannelSlice(hidden.Value, _channels, _channels),
            new ChannelSlice(hidden.Value, 2 * _channels, _channels),
            _spec));

        // 3. Onto the input.
        return _toOut.Forward(hidden.Value, residual: x);
    }
}
