using PerCo.Engine.Layers;
using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;
using Conv2d = PerCo.Engine.Layers.Conv2d;

namespace PerCo.Engine.Networks.UNet;

/// <summary>
/// Residual blocks at one resolution, each beside a result of the down blocks and with attention behind it or none,
/// then the next resolution (diffusers CrossAttnUpBlock2D and UpBlock2D).
/// </summary>
internal sealed class UpBlock
{
    private readonly ResnetBlock[] _resnets;
    private readonly Transformer2D[]? _attentions;
    private readonly Conv2d? _upsample;
    private readonly TapPoint _tap;

    /// <summary>Builds the <paramref name="index"/>-th up block, counted from the lowest resolution.</summary>
    public UpBlock(LayerScope scope, UNetConfig config, int index, List<CrossAttention> crossAttentions)
    {
        IReadOnlyList<int> channels = config.BlockOutChannels;
        int last = channels.Count - 1;
        UNetLevel level = UNetLevel.Of(config, last - index);
        int previous = channels[Math.Min(last, last - index + 1)];
        int next = channels[Math.Max(0, last - index - 1)];

        _resnets = new ResnetBlock[level.Layers + 1];
        _attentions = config.UpAttention[index] ? new Transformer2D[_resnets.Length] : null;
        for (int i = 0; i < _resnets.Length; i++)
        {
            // The last skip connection is the input of the down block of this resolution, with its channels.
            int skip = i == _resnets.Length - 1 ? next : level.Channels;
            _resnets[i] = new ResnetBlock(
                scope["resnets"][i], (i == 0 ? previous : level.Channels) + skip, level.Channels, config.NormNumGroups,
                config.NormEps, config.TimeEmbeddingDim);
            if (_attentions is not null)
            {
                _attentions[i] = new Transformer2D(scope["attentions"][i], level, config, crossAttentions);
            }
        }

        if (index < last)
        {
            _upsample = new Conv2d(
                scope["upsamplers"][0]["conv"].WithFewPositions(false), level.Channels, level.Channels, kernel: 3,
                bias: true, doubles: index > 0);
        }

        _tap = scope.TapHere();
    }

    /// <summary>
    /// [b, h, w, previous] → [b, h', w', c], with as many of <paramref name="skips"/> as there are residual blocks. The
    /// new size is that of the next skip connection, which is not twice the old one where the latent's size is no
    /// multiple of the largest reduction.
    /// </summary>
    public Tensor Forward(Tensor x, Tensor time, UNetConditions conditions, SkipStack skips)
    {
        using var hidden = new HiddenState(Resnet(0, x, time, conditions, skips));
        for (int i = 1; i < _resnets.Length; i++)
        {
            hidden.Next(Resnet(i, hidden.Value, time, conditions, skips));
        }

        if (_upsample is not null)
        {
            Shape next = skips.Top.Shape;
            hidden.Next(_upsample.Forward(
                hidden.Value, new Conv2dOperands { UpsampleHeight = next.Height, UpsampleWidth = next.Width }));
        }

        return _tap.Report(hidden.Take());
    }

    private Tensor Resnet(int i, Tensor x, Tensor time, UNetConditions conditions, SkipStack skips)
    {
        using var hidden = new HiddenState(Beside(i, x, time, skips));
        if (_attentions is not null)
        {
            hidden.Next(_attentions[i].Forward(hidden.Value, conditions));
        }

        return hidden.Take();
    }

    private Tensor Beside(int i, Tensor x, Tensor time, SkipStack skips)
    {
        // A method of its own, so that the skip connection is freed before the attention runs.
        using Tensor skip = skips.Pop();
        return _resnets[i].Forward(x, time, skip);
    }
}
