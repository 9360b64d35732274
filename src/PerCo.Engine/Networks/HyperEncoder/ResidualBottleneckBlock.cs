using PerCo.Engine.Layers;
using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;
using Conv2d = PerCo.Engine.Layers.Conv2d;

namespace PerCo.Engine.Networks.HyperEncoder;

/// <summary>
/// 1×1, 3×3 and 1×1 convolution over half the channels, onto the input (He et al. 2016, fig. 5). PerCo (SD)'s
/// ResidualBottleneckBlock; compressai's ResidualUnit is the same with a ReLU at the end.
/// </summary>
internal sealed class ResidualBottleneckBlock
{
    private readonly Conv2d _reduce;
    private readonly Conv2d _filter;
    private readonly Conv2d _expand;
    private readonly Activation _last;

    /// <summary>Builds the block.</summary>
    /// <param name="scope">Where the three convolutions lie, as entries 0, 2 and 4.</param>
    /// <param name="channels">Input and output channels.</param>
    /// <param name="last">Applied to the sum.</param>
    public ResidualBottleneckBlock(LayerScope scope, int channels, Activation last)
    {
        int half = channels / 2;
        _reduce = new Conv2d(scope[0], channels, half, kernel: 1, bias: true);
        _filter = new Conv2d(scope[2], half, half, kernel: 3, bias: true);
        _expand = new Conv2d(scope[4], half, channels, kernel: 1, bias: true);
        _last = last;
    }

    /// <summary>[b, h, w, c] → [b, h, w, c].</summary>
    public Tensor Forward(Tensor x)
    {
        var relu = new Conv2dOperands { Activation = Activation.Relu };
        using var hidden = new HiddenState(_reduce.Forward(x, relu));
        hidden.Next(_filter.Forward(hidden.Value, relu));
        return _expand.Forward(hidden.Value, new Conv2dOperands { Residual = x, Activation = _last });
    }
}
