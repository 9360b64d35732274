using PerCo.Engine.Layers;
using PerCo.Engine.Tensors.Ops;
using Conv2d = PerCo.Engine.Layers.Conv2d;

namespace PerCo.Engine.Networks.Vae;

/// <summary>Residual blocks at one resolution, then half of it (diffusers DownEncoderBlock2D).</summary>
internal sealed class DownEncoderBlock
{
    private readonly ResnetBlock[] _resnets;
    private readonly Conv2d? _downsample;
    private readonly TapPoint _tap;

    public DownEncoderBlock(LayerScope scope, int inputs, int outputs, bool downsample, VaeConfig config)
    {
        _resnets = new ResnetBlock[config.LayersPerBlock];
        for (int i = 0; i < _resnets.Length; i++)
        {
            _resnets[i] = new ResnetBlock(
                scope["resnets"][i], i == 0 ? inputs : outputs, outputs, config.NormNumGroups, VaeConfig.Epsilon);
        }

        // Zeros below and to the right only, unlike in the U-Net.
        _downsample = downsample
            ? new Conv2d(
                scope["downsamplers"][0]["conv"], outputs, outputs, kernel: 3, stride: 2, Padding.BottomRight,
                bias: true)
            : null;
        _tap = scope.TapHere();
    }

    /// <summary>[b, h, w, inputs] → [b, h/2, w/2, outputs], or of the same size in the last block.</summary>
    public void Forward(HiddenState hidden, RowBands? bands)
    {
        foreach (ResnetBlock resnet in _resnets)
        {
            resnet.Forward(hidden, bands);
        }

        if (_downsample is not null)
        {
            hidden.Next(_downsample.Forward(hidden.Value));
        }

        _tap.Report(hidden.Value);
    }
}
