using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;

namespace PerCo.Engine.Backends.Gpu;

public sealed partial class GpuBackend
{
    /// <inheritdoc/>
    private protected override void SigmoidGateCore(Tensor x, Tensor value, Tensor gate, Tensor result)
    {
        GpuKernel kernel = Kernel("sigmoid_gate");
        int count = checked((int)x.Shape.Count);
        if (count > 0)
        {
            _device.Launch(
                kernel, new GpuGroups(Groups(kernel, DivideUp(count, VectorWidth))),
                [x.Buffer(), value.Buffer(), gate.Buffer(), result.Buffer(), count]);
        }
    }
}
