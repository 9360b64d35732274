using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;

namespace PerCo.Engine.Backends.Gpu;

public sealed partial class GpuBackend
{
    /// <inheritdoc/>
    private protected override void CopyTokensCore(
        ChannelSlice source, int sourceStart, int count, Tensor destination, int destinationStart)
    {
        GpuKernel kernel = Kernel("copy_tokens");
        long items = count * DivideUp(source.Count, VectorWidth);
        if (items > 0)
        {
            _device.Launch(
                kernel, new GpuGroups(Groups(kernel, items), destination.Shape.Batch),
                [
                    source.Tensor.Buffer(), destination.Buffer(), source.Count, source.Stride, source.Offset,
                    source.Tensor.Shape.Tokens, sourceStart, destination.Shape.Tokens, destinationStart, count,
                ]);
        }
    }
}
