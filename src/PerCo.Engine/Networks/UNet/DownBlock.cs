using PerCo.Engine.Layers;
using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;
using Conv2d = PerCo.Engine.Layers.Conv2d;

namespace PerCo.Engine.Networks.UNet;

/// <summary>
/// Residual blocks at one resolution, each with attention behind it or none, then half the resolution (diffusers
/// CrossAttnDownBlock2D and DownBlock2D).
/// </summary>
internal sealed class DownBlock
{
    private readonly ResnetBlock[] _resnets;
    private readonly Transformer2D[]? _attentions;
    private readonly Conv2d? _downsample;
    private readonly TapPoint _tap;

    /// <summary>Builds the block of resolution <paramref name="index"/>.</summary>
    public DownBlock(LayerScope scope, UNetConfig config, int index, List<CrossAttention> crossAttentions)
    {
        UNetLevel level = UNetLevel.Of(config, index);
        int inputs = config.BlockOutChannels[Math.Max(0, index - 1)];
        _resnets = new ResnetBlock[level.Layers];
        _attentions = config.DownAttention[index] ? new Transformer2D[level.Layers] : null;
        for (int i = 0; i < _resnets.Length; i++)
        {
            _resnets[i] = new ResnetBlock(
                scope["resnets"][i], i == 0 ? inputs : level.Channels, level.Channels, config.NormNumGroups,
                config.NormEps, config.TimeEmbeddingDim);
            if (_attentions is not null)
            {
                _attentions[i] = new Transformer2D(scope["attentions"][i], level, config, crossAttentions);
            }
        }

        if (index < config.BlockOutChannels.Count - 1)
        {
            _downsample = new Conv2d(
                scope["downsamplers"][0]["conv"], level.Channels, level.Channels, kernel: 3, stride: 2,
                config.DownsamplePadding == 0 ? Padding.BottomRight : Padding.All(1), bias: true);
        }

        _tap = scope.TapHere();
    }

    /// <summary>
    /// Reads the top of <paramref name="skips"/>, [b, h, w, inputs], and pushes every result on it, at last
    /// [b, h/2, w/2, c], halves rounded up.
    /// </summary>
    public void Forward(Tensor time, UNetConditions conditions, SkipStack skips)
    {
        for (int i = 0; i < _resnets.Length; i++)
        {
            using var hidden = new HiddenState(_resnets[i].Forward(skips.Top, time));
            if (_attentions is not null)
            {
                hidden.Next(_attentions[i].Forward(hidden.Value, conditions));
            }

            skips.Push(hidden.Take());
        }

        if (_downsample is not null)
        {
            skips.Push(_downsample.Forward(skips.Top));
        }

        _tap.Report(skips.Top);
    }
}
