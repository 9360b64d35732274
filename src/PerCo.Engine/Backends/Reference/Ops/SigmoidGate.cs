using PerCo.Engine.Tensors;

namespace PerCo.Engine.Backends.Reference;

public unsafe partial class ReferenceBackend
{
    /// <inheritdoc/>
    private protected override void SigmoidGateCore(Tensor x, Tensor value, Tensor gate, Tensor result)
    {
        for (long i = 0; i < x.Shape.Count; i++)
        {
            result.Values()[i] = (float)(x.Values()[i] + value.Values()[i] * Sigmoid(gate.Values()[i]));
        }
    }
}
