using PerCo.Engine.Tensors;

namespace PerCo.Engine.Backends.Reference;

public unsafe partial class ReferenceBackend
{
    /// <inheritdoc/>
    private protected override void AddCore(Tensor x, Tensor y, Tensor result)
    {
        for (long i = 0; i < x.Shape.Count; i++)
        {
            result.Values()[i] = x.Values()[i] + y.Values()[i % y.Shape.Count];
        }
    }
}
