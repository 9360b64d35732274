using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;

namespace PerCo.Engine.Backends.Gpu;

public sealed partial class GpuBackend
{
    // Kernels on tensor cores keep positions as two 16-bit numbers; padding adds a little.
    private const int LargestTensorSide = 32000;

    /// <inheritdoc/>
    private protected override void Conv2dCore(Tensor x, ConvWeights weights, in Conv2dOperands operands, Tensor result)
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
        Padding padding = operands.BandPadding ?? spec.Padding;
        int panels = MatrixPanels.Count(spec.Outputs, geglu: false);

        // What the plain kernel takes, and what others take beside.
        ReadOnlySpan<GpuArgument> arguments =
        [
            x.Buffer(), operands.Second?.Buffer(), w.Matrix, w.Bias, operands.ChannelBias?.Buffer(),
            operands.Residual?.Buffer(), result.Buffer(), from.Channels, operands.Second?.Shape.Channels ?? 0,
            from.Height, from.Width, height, width, (float)from.Height / height, (float)from.Width / width,
            to.Height, to.Width, rows, spec.Outputs, spec.KernelHeight, spec.KernelWidth, spec.Stride,
            padding.Top, padding.Left, residualRows, (int)operands.Activation, panels, w.Map,
        ];
        long inputs = (long)spec.Inputs * spec.KernelHeight * spec.KernelWidth;
        if (Math.Max(height, width) < LargestTensorSide
            && Tiling(
                KernelVariants.Conv2dWgmma, KernelVariants.Conv2dMma, rows, panels, inputs, operands.Activation)
                is { } tiling)
        {
            LaunchProduct(
                tiling, arguments,
                new ProductEnd(
                    w.Bias, operands.ChannelBias?.Buffer(), operands.Residual?.Buffer(), result.Buffer(), rows,
                    spec.Outputs, to.Height * to.Width, residualRows, (int)operands.Activation, panels));
            return;
        }

        _device.Launch(
            Kernel("conv2d"), GpuGroups.OfRows(panels, (int)DivideUp(rows, TileRows)),
            arguments[..^MoreTensorArguments]);
    }
}
