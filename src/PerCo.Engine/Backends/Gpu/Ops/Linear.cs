using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;

namespace PerCo.Engine.Backends.Gpu;

public sealed partial class GpuBackend
{
    // Rows of a tile in kernels/product.h, and up to how many a product reads the matrix once for every row.
    private const int TileRows = 64;
    private const int FewRows = 4;

    // Panels and their description, the last arguments of products on tensor cores.
    private const int MoreTensorArguments = 2;

    /// <inheritdoc/>
    private protected override void LinearCore(Tensor x, LinearWeights weights, Tensor? residual, Tensor result)
    {
        var w = (GpuLinearWeights)weights;
        LinearSpec spec = w.Spec;
        int rows = checked((int)x.Shape.Rows), activation = (int)spec.Activation;
        int panels = MatrixPanels.Count(spec.Outputs, spec.Activation == Activation.Geglu);
        if (rows == 0)
        {
            return;
        }

        if (rows <= FewRows)
        {
            _device.Launch(
                Kernel("linear", "linear_row"), new GpuGroups(panels, rows),
                [
                    x.Buffer(), w.Matrix, w.Bias, residual?.Buffer(), result.Buffer(), spec.Inputs,
                    spec.ResultFeatures, activation,
                ]);
            return;
        }

        // What the plain kernel takes, and what others take beside.
        ReadOnlySpan<GpuArgument> arguments =
        [
            x.Buffer(), w.Matrix, w.Bias, residual?.Buffer(), result.Buffer(), rows, spec.Inputs, spec.ResultFeatures,
            activation, panels, w.Map,
        ];
        if (Tiling(KernelVariants.LinearWgmma, KernelVariants.LinearMma, rows, panels, spec.Inputs, spec.Activation)
            is { } tiling)
        {
            LaunchProduct(
                tiling, arguments,
                new ProductEnd(
                    w.Bias, ChannelBias: null, residual?.Buffer(), result.Buffer(), rows, spec.ResultFeatures,
                    PictureRows: 1, ResidualRows: rows, activation, panels));
            return;
        }

        _device.Launch(
            Kernel("linear"), GpuGroups.OfRows(panels, (int)DivideUp(rows, TileRows)),
            arguments[..^MoreTensorArguments]);
    }
}
