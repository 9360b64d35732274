using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;

namespace PerCo.Engine.Backends.Gpu;

public sealed partial class GpuBackend
{
    /// <inheritdoc/>
    private protected override void AddCore(Tensor x, Tensor y, Tensor result)
    {
        GpuKernel kernel = Kernel("add");
        int count = checked((int)y.Shape.Count);
        if (count > 0)
        {
            _device.Launch(
                kernel,
                new GpuGroups(Groups(kernel, DivideUp(count, VectorWidth)), checked((int)(x.Shape.Count / count))),
                [x.Buffer(), y.Buffer(), result.Buffer(), count]);
        }
    }
}
