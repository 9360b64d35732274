namespace PerCo.Engine.Tensors.Ops;

/// <summary>Shape rules of <c>Activate</c>: activation(x) of every value.</summary>
internal static class Activate
{
    /// <summary>Checks the operands and returns the result's shape.</summary>
    /// <exception cref="ArgumentException">Operands that do not fit.</exception>
    public static Shape ResultShape(Tensor x, Activation activation)
    {
        OpCheck.That(activation != Activation.Geglu, "Activate", "activation", "element-wise", activation);
        return x.Shape;
    }
}
