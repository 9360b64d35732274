using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;

namespace PerCo.Engine.Backends.Gpu;

public sealed partial class GpuBackend
{
    // The kernel keeps positions as two 16-bit numbers; padding adds a little.
    private const int LargestMmaSide = 32000;

    /// <inheritdoc/>
    protected override void Conv2dCore(Tensor x, ConvWeights weights, in Conv2dOperands operands, Tensor result)
    {
        var w = (GpuConvWeights)weights;
        Conv2dSpec spec = w.Spec;
        Shape from = x.Shape, to = result.Shape;
        int rows = checked((int)to.Rows);
        if (rows == 0)
        {
            return;
        }

        int height = operands.UpsampleHeight > 0 ? operands.UpsampleHeight : from.Height;
        int width = operands.UpsampleWidth > 0 ? operands.UpsampleWidth : from.Width;
        int residualRows = operands.Residual is { } residual ? checked((int)(residual.Shape.Count / spec.Outputs)) : 1;
        int panels = MatrixPanels.Count(spec.Outputs, geglu: false);
        if (Uses(KernelVariants.Conv2dMma) && Math.Max(height, width) < LargestMmaSide)
        {
            (string kernel, GpuGroups tiles) = MmaTiles("conv2d_mma", rows, panels);
            _device.Launch(
                Kernel("conv2d_mma", kernel), tiles,
                [
                    x.Buffer(), operands.Second?.Buffer(), w.Matrix, w.Bias, operands.ChannelBias?.Buffer(),
                    operands.Residual?.Buffer(), result.Buffer(), from.Channels, operands.Second?.Shape.Channels ?? 0,
                    from.Height, from.Width, height, width, (float)from.Height / height, (float)from.Width / width,
                    to.Height, to.Width, rows, spec.Outputs, spec.KernelHeight, spec.KernelWidth, spec.Stride,
                    spec.Padding.Top, spec.Padding.Left, residualRows, panels, (int)operands.Activation,
                ]);
            return;
        }

        _device.Launch(
            Kernel("conv2d"),
            new GpuGroups(panels, checked((int)DivideUp(rows, TileRows))),
            [
                x.Buffer(), operands.Second?.Buffer(), w.Matrix, w.Bias, operands.ChannelBias?.Buffer(),
                operands.Residual?.Buffer(), result.Buffer(), from.Channels, operands.Second?.Shape.Channels ?? 0,
                from.Height, from.Width, height, width, (float)from.Height / height, (float)from.Width / width,
                to.Height, to.Width, rows, spec.Outputs, spec.KernelHeight, spec.KernelWidth, spec.Stride,
                spec.Padding.Top, spec.Padding.Left, residualRows, (int)operands.Activation,
            ]);
    }
}
