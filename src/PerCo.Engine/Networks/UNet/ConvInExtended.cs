using PerCo.Engine.Layers;
using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;
using Conv2d = PerCo.Engine.Layers.Conv2d;

namespace PerCo.Engine.Networks.UNet;

/// <summary>
/// The first convolution, over the channels of the noisy latent and of the codes' features. It is linear, so it is
/// taken apart: the features' share is the same at every step and computed once.
/// </summary>
internal sealed class ConvInExtended
{
    private readonly Conv2d _latentPart;
    private readonly Conv2d _localPart;
    private readonly TapPoint _tap;

    /// <summary>Builds the layer; the weight's input channels beyond the latent's are the features'.</summary>
    /// <exception cref="PerCoException">The weight has another shape.</exception>
    public ConvInExtended(LayerScope scope, UNetConfig config)
    {
        int outputs = config.BlockOutChannels[0];
        int kernel = config.ConvInKernel;
        HostTensor weight = scope.Weights.Get("weight");
        Shape shape = weight.Shape;
        if (shape.Rank != 4 || shape[0] != outputs || shape[1] <= config.InChannels || shape[2] != kernel
            || shape[3] != kernel)
        {
            throw new PerCoException(
                $"{weight.Name} is {shape}, expected [{outputs},more than {config.InChannels},{kernel},{kernel}]. "
                + "Is this a U-Net of PerCo, and not Stable Diffusion's?");
        }

        LocalChannels = shape[1] - config.InChannels;
        var padding = Padding.All(kernel / 2);
        HostTensor bias = scope.Weights.Get("bias", new Shape(outputs));
        _latentPart = new Conv2d(scope, weight.SliceInputs(0, config.InChannels), bias, stride: 1, padding);
        _localPart = new Conv2d(
            scope, weight.SliceInputs(config.InChannels, LocalChannels), bias: null, stride: 1, padding);
        _tap = scope.TapHere();
    }

    /// <summary>Channels of the codes' features.</summary>
    public int LocalChannels { get; }

    /// <summary>[b, any, any, local channels] → the features' share, [b, height, width, c0].</summary>
    public Tensor PrepareLocal(Tensor local, int height, int width) =>
        _localPart.Forward(local, new Conv2dOperands { UpsampleHeight = height, UpsampleWidth = width });

    /// <summary>[b, h, w, latent channels] → [b, h, w, c0].</summary>
    public Tensor Forward(Tensor sample, UNetConditions conditions) => _tap.Report(
        _latentPart.Forward(sample, new Conv2dOperands { Residual = conditions.Local }));
}
