using PerCo.Engine.Layers;
using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;
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
    private readonly Linear _ffIn;
    private readonly Linear _ffOut;

    public BasicTransformerBlock(
        LayerScope scope, int channels, int contextChannels, AttentionSpec spec, List<CrossAttention> layers)
    {
        LayerScope feedForward = scope["ff"]["net"];
        int inner = 4 * channels;
        _norm1 = new LayerNorm(scope["norm1"], channels, Epsilon);
        _attn1 = new SelfAttention(scope["attn1"], channels, spec);
        _norm2 = new LayerNorm(scope["norm2"], channels, Epsilon);
        _attn2 = new CrossAttention(scope["attn2"], channels, contextChannels, spec, layers);
        _norm3 = new LayerNorm(scope["norm3"], channels, Epsilon);
        _ffIn = new Linear(feedForward[0]["proj"], channels, 2 * inner, Activation.Geglu, bias: true);
        _ffOut = new Linear(feedForward[2], inner, channels, bias: true);
    }

    /// <summary>[b, h, w, c] → [b, h, w, c].</summary>
    public Tensor Forward(Tensor x, UNetConditions conditions)
    {
        // 1. Self-attention
        HiddenState hidden;
        using (Tensor normed = _norm1.Forward(x))
        {
            hidden = new HiddenState(_attn1.Forward(normed, residual: x));
        }

        using (hidden)
        {
            // 2. Attention to the text
            using (Tensor normed = _norm2.Forward(hidden.Value))
            {
                hidden.Next(_attn2.Forward(normed, residual: hidden.Value, conditions));
            }

            // 3. Feed-forward: [b, h, w, 4c] in between.
            using var inner = new HiddenState(_norm3.Forward(hidden.Value));
            inner.Next(_ffIn.Forward(inner.Value));
            return _ffOut.Forward(inner.Value, residual: hidden.Value);
        }
    }
}
