using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;

namespace PerCo.Engine.Backends.Gpu;

public sealed partial class GpuBackend
{
    // Rows of a tile in kernels/product.h, and up to how many a product reads the matrix once for every row.
    private const int TileRows = 64;
    private const int FewRows = 4;

    /// <inheritdoc/>
    protected override void LinearCore(Tensor x, LinearWeights weights, Tensor? residual, Tensor result)
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

        if (Uses(KernelVariants.LinearMma))
        {
            (string kernel, GpuGroups groups) = MmaTiles("linear_mma", rows, panels);
            _device.Launch(
                Kernel("linear_mma", kernel), groups,
                [
                    x.Buffer(), w.Matrix, w.Bias, residual?.Buffer(), result.Buffer(), rows, spec.Inputs,
                    spec.ResultFeatures, panels, activation,
                ]);
            return;
        }

        _device.Launch(
            Kernel("linear"), new GpuGroups(panels, checked((int)DivideUp(rows, TileRows))),
            [
                x.Buffer(), w.Matrix, w.Bias, residual?.Buffer(), result.Buffer(), rows, spec.Inputs,
                spec.ResultFeatures, activation,
            ]);
    }

    /// <summary>
    /// The kernel and the groups of a product on tensor cores (kernels/product_mma.h): tiles of 128x128 where there are
    /// enough to fill the device, or else of 64x64.
    /// </summary>
    private (string Kernel, GpuGroups Groups) MmaTiles(string program, int rows, int panels)
    {
        long tiles = DivideUp(rows, 2 * TileRows) * DivideUp(panels, 2);
        return tiles >= _device.Info.ComputeUnits
            ? (program, new GpuGroups((int)DivideUp(panels, 2), checked((int)DivideUp(rows, 2 * TileRows))))
            : ($"{program}_small", new GpuGroups(panels, checked((int)DivideUp(rows, TileRows))));
    }
}
