using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;

namespace PerCo.Engine.Backends.Reference;

public unsafe partial class ReferenceBackend
{
    /// <summary>The definitions of the activations.</summary>
    internal static double Apply(Activation activation, double x) => activation switch
    {
        Activation.None => x,
        Activation.Silu => x * Sigmoid(x),
        Activation.Gelu => 0.5 * x * (1 + ErrorFunction.Erf(x * Math.Sqrt(0.5))),
        Activation.QuickGelu => x * Sigmoid(1.702 * x),
        // Not Math.Max alone: torch's ReLU passes NaN on, and so does this.
        Activation.Relu => double.IsNaN(x) ? x : Math.Max(x, 0),
        _ => throw new ArgumentOutOfRangeException(nameof(activation), activation, "Not element-wise."),
    };

    /// <inheritdoc/>
    private protected override void ActivateCore(Tensor x, Activation activation, Tensor result)
    {
        for (long i = 0; i < x.Shape.Count; i++)
        {
            result.Values()[i] = (float)Apply(activation, x.Values()[i]);
        }
    }

    private static double Sigmoid(double x) => 1 / (1 + Math.Exp(-x));
}
