using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;

namespace PerCo.Engine.Backends.Gpu;

public sealed partial class GpuBackend
{
    /// <inheritdoc/>
    private protected override void ActivateCore(Tensor x, Activation activation, Tensor result)
    {
        GpuKernel kernel = Kernel("activate");
        int count = checked((int)x.Shape.Count);
        if (count > 0)
        {
            _device.Launch(
                kernel, new GpuGroups(Groups(kernel, DivideUp(count, VectorWidth))),
                [x.Buffer(), result.Buffer(), count, (int)activation]);
        }
    }
}
