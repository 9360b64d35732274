namespace PerCo.Engine.Tensors.Ops;

/// <summary>
/// Shape rules of <c>SigmoidGate</c>: x + value · sigmoid(gate), the end of the attention block of learned image codecs
/// (Cheng et al. 2020, fig. 4).
/// </summary>
internal static class SigmoidGate
{
    /// <summary>Checks the operands and returns the result's shape.</summary>
    /// <exception cref="ArgumentException">Operands that do not fit.</exception>
    public static Shape ResultShape(Tensor x, Tensor value, Tensor gate)
    {
        OpCheck.That(value.Shape == x.Shape, "SigmoidGate", "value", x.Shape, value.Shape);
        OpCheck.That(gate.Shape == x.Shape, "SigmoidGate", "gate", x.Shape, gate.Shape);
        return x.Shape;
    }
}
