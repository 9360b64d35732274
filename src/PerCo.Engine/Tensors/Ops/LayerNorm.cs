namespace PerCo.Engine.Tensors.Ops;

/// <summary>
/// Shape rules of <c>LayerNorm</c> (Ba et al. 2016): the mean and the biased variance of every position over its
/// channels, then scale and shift.
/// </summary>
internal static class LayerNorm
{
    /// <summary>Checks the operands and returns the result's shape.</summary>
    /// <exception cref="ArgumentException">Operands that do not fit.</exception>
    public static Shape ResultShape(Tensor x, NormWeights weights)
    {
        OpCheck.That(x.Shape.Channels == weights.Channels, "LayerNorm", "x", $"[..,{weights.Channels}]", x.Shape);
        return x.Shape;
    }
}
