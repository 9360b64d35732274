using PerCo.Engine.Layers;

namespace PerCo.Engine.Networks.Vae;

/// <summary>Residual block, attention, residual block at the lowest resolution (diffusers UNetMidBlock2D).</summary>
internal sealed class VaeMidBlock
{
    private readonly ResnetBlock _first;
    private readonly VaeAttention _attention;
    private readonly ResnetBlock _second;
    private readonly TapPoint _tap;

    public VaeMidBlock(LayerScope scope, int channels, VaeConfig config)
    {
        LayerScope resnets = scope["resnets"];
        _first = new ResnetBlock(resnets[0], channels, channels, config.NormNumGroups, VaeConfig.Epsilon);
        _attention = new VaeAttention(scope["attentions"][0], channels, config);
        _second = new ResnetBlock(resnets[1], channels, channels, config.NormNumGroups, VaeConfig.Epsilon);
        _tap = scope.TapHere();
    }

    /// <summary>[b, h, w, c] → [b, h, w, c].</summary>
    public void Forward(HiddenState hidden)
    {
        _first.Forward(hidden);
        hidden.Next(_attention.Forward(hidden.Value));
        _second.Forward(hidden);
        _tap.Report(hidden.Value);
    }
}
