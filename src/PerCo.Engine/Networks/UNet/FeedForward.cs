using PerCo.Engine.Layers;
using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;
using Linear = PerCo.Engine.Layers.Linear;

namespace PerCo.Engine.Networks.UNet;

/// <summary>Four times the channels, gated by GELU, and back (diffusers FeedForward with GEGLU).</summary>
internal sealed class FeedForward
{
    private readonly Linear _in;
    private readonly Linear _out;

    public FeedForward(LayerScope scope, int channels)
    {
        LayerScope net = scope["net"];
        int inner = 4 * channels;
        _in = new Linear(net[0]["proj"], channels, 2 * inner, Activation.Geglu, bias: true);
        _out = new Linear(net[2], inner, channels, bias: true);
    }

    /// <summary>[b, h, w, c] → [b, h, w, c], plus <paramref name="residual"/>.</summary>
    public Tensor Forward(Tensor x, Tensor residual)
    {
        using Tensor inner = _in.Forward(x);
        return _out.Forward(inner, residual);
    }
}
