using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;

namespace PerCo.Engine.Layers;

/// <summary>A convolution with the checkpoint's <c>weight</c> [out, in, kh, kw] and <c>bias</c> [out].</summary>
internal sealed class Conv2d
{
    private readonly ConvWeights _weights;

    /// <summary>Prepares the weights below <paramref name="scope"/>.</summary>
    /// <param name="scope">Where <c>weight</c> and, where there is one, <c>bias</c> lie.</param>
    /// <param name="inputs">Input channels.</param>
    /// <param name="outputs">Output channels.</param>
    /// <param name="kernel">Rows and columns of the kernel.</param>
    /// <param name="stride">Step in rows and columns.</param>
    /// <param name="padding">Zeros around the input; half the kernel where none is given.</param>
    /// <param name="bias">Whether a bias must be there, or must not; null takes it where there is one.</param>
    /// <param name="doubles"><inheritdoc cref="Conv2dSpec.Doubles" path="/summary"/></param>
    /// <exception cref="PerCoException">A tensor that must be there is missing, or has another shape.</exception>
    public Conv2d(
        LayerScope scope, int inputs, int outputs, int kernel, int stride = 1, Padding? padding = null,
        bool? bias = null, bool doubles = false)
        : this(
            scope,
            scope.Weights.Get("weight", new Shape(outputs, inputs, kernel, kernel)),
            bias ?? scope.Weights.Has("bias") ? scope.Weights.Get("bias", new Shape(outputs)) : null,
            stride,
            padding ?? Padding.All(kernel / 2),
            doubles)
    {
    }

    /// <summary>Prepares weights that were taken from the checkpoint already: a part of a convolution, say.</summary>
    public Conv2d(
        LayerScope scope, HostTensor weight, HostTensor? bias, int stride, Padding padding, bool doubles = false)
    {
        Shape s = weight.Shape;
        var spec = new Conv2dSpec(s[1], s[0], s[2], s[3], stride, padding) 
        {
            FewPositions = scope.FewPositions, Doubles = doubles,
        };
        _weights = scope.Own(scope.Backend.PrepareConv2d(spec, weight, bias));
    }

    /// <summary>What is fixed of the convolution.</summary>
    internal Conv2dSpec Spec => _weights.Spec;

    /// <summary>[batch, height, width, in] → [batch, height', width', out].</summary>
    public Tensor Forward(Tensor x, in Conv2dOperands operands = default) => x.Backend.Conv2d(x, _weights, operands);
}
