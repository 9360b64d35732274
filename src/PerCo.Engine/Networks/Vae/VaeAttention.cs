using PerCo.Engine.Layers;
using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;
using GroupNorm = PerCo.Engine.Layers.GroupNorm;
using Linear = PerCo.Engine.Layers.Linear;

namespace PerCo.Engine.Networks.Vae;

/// <summary>
/// Self-attention over all positions with one head, in the middle of the autoencoder (diffusers Attention).
/// </summary>
internal sealed class VaeAttention
{
    private readonly GroupNorm _norm;
    private readonly SelfAttention _attention;

    /// <summary>Builds the block; both generations of diffusers' names are read.</summary>
    public VaeAttention(LayerScope scope, int channels, VaeConfig config)
    {
        // diffusers before 0.18 called the projections query, key, value and proj_attn; Stable Diffusion 2.1's own
        // folder still has these names.
        bool old = scope.Weights.HasScope("query");
        _norm = new GroupNorm(scope["group_norm"], channels, config.NormNumGroups, VaeConfig.Epsilon);
        _attention = new SelfAttention(
            old
                ? Linear.Fused(scope, channels, channels, bias: true, "query", "key", "value")
                : Linear.Fused(scope, channels, channels, bias: true, "to_q", "to_k", "to_v"),
            new Linear(old ? scope["proj_attn"] : scope["to_out"][0], channels, channels, bias: true),
            channels,
            new AttentionSpec(Heads: 1, Scale: 1 / MathF.Sqrt(channels)) { Upcast = config.ForceUpcast });
    }

    /// <summary>[b, h, w, c] → [b, h, w, c].</summary>
    public Tensor Forward(Tensor x)
    {
        using var hidden = new HiddenState(_norm.Forward(x));
        return _attention.Forward(hidden, residual: x);
    }
}
