namespace PerCo.Engine.Tensors.Ops;

/// <summary>What a matrix product over channels does: y = activation(x·Wᵀ + bias + residual).</summary>
/// <param name="Inputs">Features of x, the second extent of the weight [outputs, inputs].</param>
/// <param name="Outputs">Features of the product before the activation, the first extent of the weight.</param>
/// <param name="Activation">
/// Applied last; <see cref="Activation.Geglu"/> halves the features and takes no residual.
/// </param>
public readonly record struct LinearSpec(int Inputs, int Outputs, Activation Activation = Activation.None)
{
    /// <summary>Features of the result.</summary>
    public int ResultFeatures => Activation == Activation.Geglu ? Outputs / 2 : Outputs;
}

/// <summary>Shape rules of <c>Linear</c>: x [.., inputs] → [.., result features], one row per position.</summary>
internal static class Linear
{
    /// <summary>Checks the operands and returns the result's shape.</summary>
    /// <exception cref="ArgumentException">Operands that do not fit.</exception>
    public static Shape ResultShape(Tensor x, LinearSpec spec, Tensor? residual)
    {
        OpCheck.That(x.Shape.Channels == spec.Inputs, "Linear", "x", $"[..,{spec.Inputs}]", x.Shape);
        OpCheck.That(
            spec.Activation != Activation.Geglu || (residual is null && spec.Outputs % 2 == 0),
            "Linear", "GEGLU", "an even number of features and no residual", spec);
        Shape result = x.Shape.WithChannels(spec.ResultFeatures);
        OpCheck.That(residual is null || residual.Shape.Count == result.Count, "Linear", "residual", result,
            residual?.Shape);
        return result;
    }
}
