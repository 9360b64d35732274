using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;

namespace PerCo.Engine.Layers;

/// <summary>GroupNorm with the checkpoint's <c>weight</c> and <c>bias</c> [channels].</summary>
internal sealed class GroupNorm(LayerScope scope, int channels, int groups, float epsilon)
{
    private readonly NormWeights _weights = scope.Own(scope.Backend.PrepareNorm(
        scope.Weights.Get("weight", new Shape(channels)), scope.Weights.Get("bias", new Shape(channels))));

    /// <summary>activation(groupNorm(concat(x, second))), with the channels of both.</summary>
    public Tensor Forward(Tensor x, Activation activation = Activation.None, Tensor? second = null) =>
        x.Backend.GroupNorm(x, _weights, groups, epsilon, activation, second);

    /// <summary>Mean, slope and shift of every channel, from the whole of <paramref name="x"/>.</summary>
    internal Tensor Factors(Tensor x, Backends.IRowBandOps ops) => ops.NormFactors(x, _weights, groups, epsilon);

    /// <summary>x = activation(groupNorm(x)).</summary>
    public void ForwardInPlace(Tensor x, Activation activation = Activation.None) =>
        x.Backend.GroupNormInPlace(x, _weights, groups, epsilon, activation);
}
