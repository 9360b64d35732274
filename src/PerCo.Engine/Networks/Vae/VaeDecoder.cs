using PerCo.Engine.Layers;
using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;
using Conv2d = PerCo.Engine.Layers.Conv2d;
using GroupNorm = PerCo.Engine.Layers.GroupNorm;

namespace PerCo.Engine.Networks.Vae;

/// <summary>Latent → picture (diffusers post_quant_conv and Decoder).</summary>
internal sealed class VaeDecoder
{
    private readonly Conv2d _postQuantConv;
    private readonly TapPoint _postQuantConvTap;
    private readonly Conv2d _convIn;
    private readonly VaeMidBlock _midBlock;
    private readonly UpDecoderBlock[] _upBlocks;
    private readonly GroupNorm _normOut;
    private readonly Conv2d _convOut;

    /// <summary>
    /// Builds the decoder from <c>decoder</c> and <c>post_quant_conv</c> below <paramref name="root"/>.
    /// </summary>
    public VaeDecoder(LayerScope root, VaeConfig config)
    {
        LayerScope scope = root["decoder"];
        IReadOnlyList<int> channels = config.BlockOutChannels;
        int last = channels.Count - 1;

        _postQuantConv = new Conv2d(
            root["post_quant_conv"], config.LatentChannels, config.LatentChannels, kernel: 1, bias: true);
        _postQuantConvTap = root["post_quant_conv"].TapHere();
        _convIn = new Conv2d(scope["conv_in"], config.LatentChannels, channels[last], kernel: 3, bias: true);
        _midBlock = new VaeMidBlock(scope["mid_block"], channels[last], config);
        _upBlocks = new UpDecoderBlock[channels.Count];
        for (int i = 0; i < _upBlocks.Length; i++)
        {
            // The blocks count from the lowest resolution, the channels from the highest.
            _upBlocks[i] = new UpDecoderBlock(
                scope["up_blocks"][i], channels[Math.Min(last, last - i + 1)], channels[last - i], upsample: i < last,
                config);
        }

        _normOut = new GroupNorm(scope["conv_norm_out"], channels[0], config.NormNumGroups, VaeConfig.Epsilon);
        _convOut = new Conv2d(scope["conv_out"], channels[0], config.OutChannels, kernel: 3, bias: true);
    }

    /// <summary>[b, h, w, latent channels] → [b, 8h, 8w, 3] for four blocks.</summary>
    public Tensor Forward(Tensor latent, RowBands? bands)
    {
        // 1. pre-process: [b, h, w, c3]
        using var hidden = new HiddenState(_postQuantConvTap.Report(_postQuantConv.Forward(latent)));
        hidden.Next(_convIn.Forward(hidden.Value));

        // 2. mid
        _midBlock.Forward(hidden);

        // 3. up: [b, 8h, 8w, c0]
        foreach (UpDecoderBlock block in _upBlocks)
        {
            block.Forward(hidden, bands);
        }

        // 4. post-process: [b, 8h, 8w, 3]
        if (bands is not null && bands.Apply(hidden.Value))
        {
            using Tensor factors = bands.Factors(_normOut, hidden.Value);
            return bands.Convolve(hidden.Value, factors, _convOut);
        }

        _normOut.ForwardInPlace(hidden.Value, Activation.Silu);
        return _convOut.Forward(hidden.Value);
    }
}
