using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;

namespace PerCo.Engine.Backends.Gpu;

public sealed partial class GpuBackend
{
    /// <inheritdoc/>
    private protected override void UpsampleNearestCore(Tensor x, Tensor result)
    {
        GpuKernel kernel = Kernel("upsample_nearest");
        Shape from = x.Shape, to = result.Shape;
        long items = (long)to.Height * to.Width * DivideUp(to.Channels, VectorWidth);
        if (to.Count > 0)
        {
            _device.Launch(
                kernel, new GpuGroups(Groups(kernel, items), to.Batch),
                [
                    x.Buffer(), result.Buffer(), to.Channels, from.Height, from.Width, to.Height, to.Width,
                    (float)from.Height / to.Height, (float)from.Width / to.Width,
                ]);
        }
    }
}
