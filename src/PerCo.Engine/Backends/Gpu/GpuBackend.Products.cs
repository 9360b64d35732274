using PerCo.Engine.Tensors.Ops;

namespace PerCo.Engine.Backends.Gpu;

public sealed partial class GpuBackend
{
    // Shapes whose splits need blocks of their own, of the networks at one picture's size.
    private const int ScratchSizes = 4;

    /// <summary>Chooses among the ways to cut a product into tiles; null for the one of least estimated time.</summary>
    internal Func<IReadOnlyList<ProductEstimate>, ProductTiling>? TilingChoice { get; set; }

    /// <summary>How a product is cut into tiles; null where no kernel for tensor cores is used.</summary>
    /// <param name="warpGroups">The op's variant for warp groups.</param>
    /// <param name="tensorCores">The op's variant for other tensor cores.</param>
    /// <param name="rows">Rows of the result.</param>
    /// <param name="panels">Panels of the matrix.</param>
    /// <param name="inputs">Inputs of a result.</param>
    /// <param name="activation">What follows: GEGLU's products are not split.</param>
    internal ProductTiling? Tiling(
        KernelVariant warpGroups, KernelVariant tensorCores, int rows, int panels, long inputs,
        Activation activation) =>
        ProductTiling.Choose(
            Uses(warpGroups) ? warpGroups.Name : null, Uses(tensorCores) ? tensorCores.Name : null, rows, panels,
            inputs, canSplit: activation != Activation.Geglu, _units, TilingChoice);

    /// <summary>
    /// Bytes that products on tensor cores take for the sums of splits, which no plan counts: a tile of fp32 for each
    /// compute unit, in blocks of some sizes.
    /// </summary>
    internal long ProductScratch => KernelVariants.All.Any(variant => !variant.IsPlain && Uses(variant))
        ? (long)_units * ProductTiling.LargestTileBytes * ScratchSizes : 0;

    /// <summary>Starts a product on tensor cores.</summary>
    /// <param name="tiling">What <see cref="Tiling"/> chose.</param>
    /// <param name="arguments">The kernel's, without the last two: splits, and where these put their sums.</param>
    /// <param name="end">What becomes of the sums, for which several splits have a kernel of its own.</param>
    private void LaunchProduct(ProductTiling tiling, ReadOnlySpan<GpuArgument> arguments, in ProductEnd end)
    {
        GpuKernel kernel = Kernel(tiling.Program, tiling.Kernel);
        if (tiling.Splits == 1)
        {
            _device.Launch(kernel, tiling.Groups, [.. arguments, 1, (GpuBuffer?)null]);
            return;
        }

        long sums = (long)tiling.Splits * end.Rows * end.Panels * MatrixPanels.Width;
        using GpuStorage partial = _arena.Rent(sums * sizeof(float));
        _device.Launch(kernel, tiling.Groups, [.. arguments, tiling.Splits, partial.Buffer]);
        GpuKernel join = Kernel("product_join");
        _device.Launch(
            join, new GpuGroups(Groups(join, end.Rows * DivideUp(end.Outputs, VectorWidth))),
            [
                partial.Buffer, end.Bias, end.ChannelBias, end.Residual, end.Result, end.Rows, end.Outputs,
                end.PictureRows, end.ResidualRows, end.Activation, end.Panels, tiling.Splits,
            ]);
    }

    /// <summary>struct product_end of kernels/product_end.h.</summary>
    private readonly record struct ProductEnd(
        GpuBuffer Bias, GpuBuffer? ChannelBias, GpuBuffer? Residual, GpuBuffer Result, int Rows, int Outputs,
        int PictureRows, int ResidualRows, int Activation, int Panels);
}
