using PerCo.Engine.Layers;
using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;
using Conv2d = PerCo.Engine.Layers.Conv2d;

namespace PerCo.Engine.Networks.Vae;

/// <summary>Residual blocks at one resolution, then twice of it (diffusers UpDecoderBlock2D).</summary>
internal sealed class UpDecoderBlock
{
    private readonly ResnetBlock[] _resnets;
    private readonly Conv2d? _upsample;
    private readonly TapPoint _tap;

    public UpDecoderBlock(LayerScope scope, int inputs, int outputs, bool upsample, VaeConfig config)
    {
        _resnets = new ResnetBlock[config.LayersPerBlock + 1];
        for (int i = 0; i < _resnets.Length; i++)
        {
            _resnets[i] = new ResnetBlock(
                scope["resnets"][i], i == 0 ? inputs : outputs, outputs, config.NormNumGroups, VaeConfig.Epsilon);
        }

        _upsample = upsample
            ? new Conv2d(scope["upsamplers"][0]["conv"], outputs, outputs, kernel: 3, bias: true, doubles: true)
            : null;
        _tap = scope.TapHere();
    }

    /// <summary>[b, h, w, inputs] → [b, 2h, 2w, outputs], or of the same size in the last block.</summary>
    public void Forward(HiddenState hidden, RowBands? bands)
    {
        foreach (ResnetBlock resnet in _resnets)
        {
            resnet.Forward(hidden, bands);
        }

        if (_upsample is not null)
        {
            Shape shape = hidden.Value.Shape;
            hidden.Next(_upsample.Forward(
                hidden.Value,
                new Conv2dOperands
                {
                    UpsampleHeight = checked(2 * shape.Height),
                    UpsampleWidth = checked(2 * shape.Width),
                }));
        }

        _tap.Report(hidden.Value);
    }
}
