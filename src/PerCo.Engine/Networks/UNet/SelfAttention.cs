using PerCo.Engine.Layers;
using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;
using Linear = PerCo.Engine.Layers.Linear;

namespace PerCo.Engine.Networks.UNet;

/// <summary>Every position looks at every other (diffusers Attention as <c>attn1</c>).</summary>
internal sealed class SelfAttention
{
    private readonly Linear _toQkv;
    private readonly Linear _toOut;
    private readonly int _channels;
    private readonly AttentionSpec _spec;

    public SelfAttention(LayerScope scope, int channels, AttentionSpec spec)
    {
        _toQkv = Linear.Fused(scope, channels, channels, bias: false, "to_q", "to_k", "to_v");
        _toOut = new Linear(scope["to_out"][0], channels, channels, bias: true);
        _channels = channels;
        _spec = spec;
    }

    /// <summary>[b, h, w, c] → [b, h, w, c], plus <paramref name="residual"/>.</summary>
    public Tensor Forward(Tensor x, Tensor residual)
    {
        // 1. Queries, keys and values side by side: [b, h, w, 3c].
        using var hidden = new HiddenState(_toQkv.Forward(x));

        // 2. [b, h, w, c]
        hidden.Next(x.Backend.Attention(
            new ChannelSlice(hidden.Value, 0, _channels),
            new ChannelSlice(hidden.Value, _channels, _channels),
            new ChannelSlice(hidden.Value, 2 * _channels, _channels),
            _spec));
        return _toOut.Forward(hidden.Value, residual);
    }
}
