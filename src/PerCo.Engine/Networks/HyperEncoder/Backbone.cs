using PerCo.Engine.Layers;
using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;
using Conv2d = PerCo.Engine.Layers.Conv2d;

namespace PerCo.Engine.Networks.HyperEncoder;

/// <summary>The hyper-encoder's convolutions. A numbered list in the checkpoint, and so here.</summary>
internal sealed class Backbone
{
    private readonly Conv2d _conv0;
    private readonly ResidualBottleneckBlock[] _blocks1To3;
    private readonly Conv2d _conv4;
    private readonly ResidualBottleneckBlock[] _blocks5To7;
    private readonly AttentionBlock _attention8;
    private readonly Conv2d _conv9;
    private readonly ResidualBottleneckBlock[] _blocks10To12;
    private readonly Conv2d _conv13;
    private readonly AttentionBlock _attention14;

    public Backbone(LayerScope scope, HyperEncoderConfig config)
    {
        int n = config.HiddenChannels;
        int m = config.FeatureChannels;
        int size = config.SpatialSize;
        _conv0 = Resample(scope[0], config.InChannels, n, halve: size < 16);
        _blocks1To3 = Blocks(scope, 1, n);
        _conv4 = Resample(scope[4], n, n, halve: size < 32);
        _blocks5To7 = Blocks(scope, 5, n);
        _attention8 = new AttentionBlock(scope[8], n);
        _conv9 = Resample(scope[9], n, n, halve: size < 64);
        _blocks10To12 = Blocks(scope, 10, n);
        _conv13 = new Conv2d(scope[13], n, m, kernel: 1, bias: true);
        _attention14 = new AttentionBlock(scope[14], m);
    }

    /// <summary>[b, h, w, latent channels] → [b, h', w', M].</summary>
    public Tensor Forward(Tensor latent)
    {
        // 0 to 3: [b, h or h/2, .., N]
        using var hidden = new HiddenState(_conv0.Forward(latent));
        Run(_blocks1To3, hidden);

        // 4 to 8: [b, h to h/4, .., N]
        hidden.Next(_conv4.Forward(hidden.Value));
        Run(_blocks5To7, hidden);
        hidden.Next(_attention8.Forward(hidden.Value));

        // 9 to 12: [b, h', w', N]
        hidden.Next(_conv9.Forward(hidden.Value));
        Run(_blocks10To12, hidden);

        // 13 and 14: [b, h', w', M]
        hidden.Next(_conv13.Forward(hidden.Value));
        hidden.Next(_attention14.Forward(hidden.Value));
        return hidden.Take();
    }

    // compressai's conv halves the size with a 5×5 kernel; where the rate needs no halving it is a 1×1 convolution.
    private static Conv2d Resample(LayerScope scope, int inputs, int outputs, bool halve) => halve
        ? new Conv2d(scope, inputs, outputs, kernel: 5, stride: 2, bias: true)
        : new Conv2d(scope, inputs, outputs, kernel: 1, bias: true);

    private static ResidualBottleneckBlock[] Blocks(LayerScope scope, int first, int channels)
    {
        var blocks = new ResidualBottleneckBlock[3];
        for (int i = 0; i < blocks.Length; i++)
        {
            blocks[i] = new ResidualBottleneckBlock(scope[first + i]["layers"], channels, Activation.None);
        }

        return blocks;
    }

    private static void Run(ResidualBottleneckBlock[] blocks, HiddenState hidden)
    {
        foreach (ResidualBottleneckBlock block in blocks)
        {
            hidden.Next(block.Forward(hidden.Value));
        }
    }
}
