using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;

namespace PerCo.Engine.Backends.Gpu;

public sealed partial class GpuBackend
{
    /// <inheritdoc/>
    private protected override void LayerNormCore(Tensor x, NormWeights weights, float epsilon, Tensor result)
    {
        var w = (GpuNormWeights)weights;
        if (x.Shape.Rows > 0)
        {
            _device.Launch(
                Kernel("layer_norm"), new GpuGroups(checked((int)x.Shape.Rows)),
                [x.Buffer(), w.Scale, w.Shift, result.Buffer(), w.Channels, epsilon]);
        }
    }
}
