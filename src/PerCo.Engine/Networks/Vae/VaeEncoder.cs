using PerCo.Engine.Layers;
using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;
using Conv2d = PerCo.Engine.Layers.Conv2d;
using GroupNorm = PerCo.Engine.Layers.GroupNorm;

namespace PerCo.Engine.Networks.Vae;

/// <summary>Picture → mean and log variance of the latent (diffusers Encoder and quant_conv).</summary>
internal sealed class VaeEncoder
{
    private readonly Conv2d _convIn;
    private readonly TapPoint _convInTap;
    private readonly DownEncoderBlock[] _downBlocks;
    private readonly VaeMidBlock _midBlock;
    private readonly GroupNorm _normOut;
    private readonly Conv2d _convOut;
    private readonly Conv2d _quantConv;
    private readonly TapPoint _quantConvTap;

    /// <summary>Builds the encoder from <c>encoder</c> and <c>quant_conv</c> below <paramref name="root"/>.</summary>
    public VaeEncoder(LayerScope root, VaeConfig config)
    {
        LayerScope scope = root["encoder"];
        IReadOnlyList<int> channels = config.BlockOutChannels;
        int last = channels.Count - 1;
        int moments = 2 * config.LatentChannels;

        _convIn = new Conv2d(scope["conv_in"], config.InChannels, channels[0], kernel: 3, bias: true);
        _convInTap = scope["conv_in"].TapHere();
        _downBlocks = new DownEncoderBlock[channels.Count];
        for (int i = 0; i < _downBlocks.Length; i++)
        {
            _downBlocks[i] = new DownEncoderBlock(
                scope["down_blocks"][i], channels[Math.Max(0, i - 1)], channels[i], downsample: i < last, config);
        }

        _midBlock = new VaeMidBlock(scope["mid_block"], channels[last], config);
        _normOut = new GroupNorm(scope["conv_norm_out"], channels[last], config.NormNumGroups, VaeConfig.Epsilon);
        _convOut = new Conv2d(scope["conv_out"], channels[last], moments, kernel: 3, bias: true);
        _quantConv = new Conv2d(root["quant_conv"], moments, moments, kernel: 1, bias: true);
        _quantConvTap = root["quant_conv"].TapHere();
    }

    /// <summary>[b, H, W, 3] → [b, H/8, W/8, 2·latent channels] for four blocks; halves are rounded down.</summary>
    public Tensor Forward(Tensor image, RowBands? bands)
    {
        // 1. pre-process: [b, H, W, c0]
        using var hidden = new HiddenState(_convInTap.Report(_convIn.Forward(image)));

        // 2. down: [b, H/8, W/8, c3]
        foreach (DownEncoderBlock block in _downBlocks)
        {
            block.Forward(hidden, bands);
        }

        // 3. mid
        _midBlock.Forward(hidden);

        // 4. post-process: [b, H/8, W/8, 2·latent channels]
        _normOut.ForwardInPlace(hidden.Value, Activation.Silu);
        hidden.Next(_convOut.Forward(hidden.Value));
        return _quantConvTap.Report(_quantConv.Forward(hidden.Value));
    }
}
