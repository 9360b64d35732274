using PerCo.Engine.Layers;
using PerCo.Engine.Tensors;

namespace PerCo.Engine.Networks.UNet;

/// <summary>
/// Residual block, attention, residual block at the lowest resolution (diffusers UNetMidBlock2DCrossAttn).
/// </summary>
internal sealed class MidBlock
{
    private readonly ResnetBlock _first;
    private readonly Transformer2D _attention;
    private readonly ResnetBlock _second;
    private readonly TapPoint _tap;

    public MidBlock(LayerScope scope, UNetConfig config, List<CrossAttention> crossAttentions)
    {
        UNetLevel level = UNetLevel.Of(config, config.BlockOutChannels.Count - 1);
        _first = Resnet(scope, 0, level.Channels, config);
        _attention = new Transformer2D(scope["attentions"][0], level, config, crossAttentions);
        _second = Resnet(scope, 1, level.Channels, config);
        _tap = scope.TapHere();
    }

    /// <summary>[b, h, w, c] → [b, h, w, c].</summary>
    public Tensor Forward(Tensor x, Tensor time, UNetConditions conditions)
    {
        using var hidden = new HiddenState(_first.Forward(x, time));
        hidden.Next(_attention.Forward(hidden.Value, conditions));
        hidden.Next(_second.Forward(hidden.Value, time));
        return _tap.Report(hidden.Take());
    }

    private static ResnetBlock Resnet(LayerScope scope, int index, int channels, UNetConfig config) => new(
        scope["resnets"][index], channels, channels, config.NormNumGroups, config.NormEps, config.TimeEmbeddingDim);
}
