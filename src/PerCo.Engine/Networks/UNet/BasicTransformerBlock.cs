using PerCo.Engine.Layers;
using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;
using LayerNorm = PerCo.Engine.Layers.LayerNorm;
using Linear = PerCo.Engine.Layers.Linear;

namespace PerCo.Engine.Networks.UNet;

/// <summary>
/// Self-attention, attention to the text and a gated feed-forward, each after a LayerNorm and onto its input
/// (diffusers BasicTransformerBlock).
/// </summary>
internal sealed class BasicTransformerBlock
{
    // torch.nn.LayerNorm's default; no field of the config sets it.
    private const float Epsilon = 1e-5f;

    private readonly LayerNorm _norm1;
    private readonly SelfAttention _attn1;
    private readonly LayerNorm _norm2;
    private readonly CrossAttention _attn2;
    private readonly LayerNorm _norm3;
    private readonly FeedForward _feedForward;

    public BasicTransformerBlock(
        LayerScope scope, int channels, int contextChannels, AttentionSpec spec, List<CrossAttention> crossAttentions)
    {
        _norm1 = new LayerNorm(scope["norm1"], channels, Epsilon);
        _attn1 = new SelfAttention(
            Linear.Fused(scope["attn1"], channels, channels, bias: false, "to_q", "to_k", "to_v"),
            new Linear(scope["attn1"]["to_out"][0], channels, channels, bias: true),
            channels,
            spec);
        _norm2 = new LayerNorm(scope["norm2"], channels, Epsilon);
        _attn2 = new CrossAttention(scope["attn2"], channels, contextChannels, spec, crossAttentions);
        _norm3 = new LayerNorm(scope["norm3"], channels, Epsilon);
        _feedForward = new FeedForward(scope["ff"], channels);
    }

    /// <summary>[b, h, w, c] → [b, h, w, c].</summary>
    public Tensor Forward(Tensor x, UNetConditions conditions)
    {
        // 1. Self-attention
        using var hidden = new HiddenState(AttendToSelf(x));

        // 2. Attention to the text
        hidden.Next(AttendToText(hidden.Value, conditions));

        // 3. Feed-forward
        using Tensor normed = _norm3.Forward(hidden.Value);
        return _feedForward.Forward(normed, residual: hidden.Value);
    }

    private Tensor AttendToSelf(Tensor x)
    {
        using var normed = new HiddenState(_norm1.Forward(x));
        return _attn1.Forward(normed, residual: x);
    }

    private Tensor AttendToText(Tensor x, UNetConditions conditions)
    {
        using Tensor normed = _norm2.Forward(x);
        return _attn2.Forward(normed, residual: x, conditions);
    }
}
