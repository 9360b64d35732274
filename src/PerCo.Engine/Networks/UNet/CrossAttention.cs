using PerCo.Engine.Layers;
using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;
using Linear = PerCo.Engine.Layers.Linear;

namespace PerCo.Engine.Networks.UNet;

/// <summary>Every position looks at the text (diffusers Attention as <c>attn2</c>).</summary>
internal sealed class CrossAttention
{
    private readonly Linear _toQ;
    private readonly Linear _toKv;
    private readonly Linear _toOut;
    private readonly int _channels;
    private readonly AttentionSpec _spec;
    private readonly int _index;

    /// <summary>Builds the layer and adds it to all those of the network.</summary>
    public CrossAttention(
        LayerScope scope, int channels, int contextChannels, AttentionSpec spec, List<CrossAttention> crossAttentions)
    {
        _toQ = new Linear(scope["to_q"], channels, channels, bias: false);
        _toKv = Linear.Fused(scope, contextChannels, channels, bias: false, "to_k", "to_v");
        _toOut = new Linear(scope["to_out"][0], channels, channels, bias: true);
        _channels = channels;
        _spec = spec;
        _index = crossAttentions.Count;
        crossAttentions.Add(this);
    }

    /// <summary>
    /// The text's keys and values, which are the same at every step: [b, tokens, d] → [b, tokens, 2c].
    /// </summary>
    public Tensor PrepareContext(Tensor context) => _toKv.Forward(context);

    /// <summary>[b, h, w, c] → [b, h, w, c], plus <paramref name="residual"/>.</summary>
    public Tensor Forward(Tensor x, Tensor residual, UNetConditions conditions)
    {
        Tensor keysAndValues = conditions.KeysAndValues[_index];
        using Tensor queries = _toQ.Forward(x);
        using Tensor attended = x.Backend.Attention(
            queries,
            new ChannelSlice(keysAndValues, 0, _channels),
            new ChannelSlice(keysAndValues, _channels, _channels),
            _spec);
        return _toOut.Forward(attended, residual);
    }
}
