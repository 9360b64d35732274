using PerCo.Engine.Tensors;

namespace PerCo.Engine.Layers;

/// <summary>LayerNorm with the checkpoint's <c>weight</c> and <c>bias</c> [channels].</summary>
internal sealed class LayerNorm(LayerScope scope, int channels, float epsilon)
{
    private readonly NormWeights _weights = scope.Own(scope.Backend.PrepareNorm(
        scope.Weights.Get("weight", new Shape(channels)), scope.Weights.Get("bias", new Shape(channels))));

    /// <summary>Normalises every position over its channels.</summary>
    public Tensor Forward(Tensor x) => x.Backend.LayerNorm(x, _weights, epsilon);
}
