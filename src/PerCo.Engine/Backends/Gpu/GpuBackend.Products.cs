namespace PerCo.Engine.Backends.Gpu;

public sealed partial class GpuBackend
{
    // Rows of a tile in kernels/product.h; the large tiles of products on tensor cores have twice as many, and two
    // panels.
    private const int TileRows = 64;

    // Of a split, at the least. Joining costs a launch and some megabytes: as long as 500 inputs of a tile.
    private const int LeastSplitInputs = 768;

    /// <summary>
    /// The kernel of a product on tensor cores (kernels/product_mma.h and product_wgmma.h) and its tiles: 128x128 where
    /// there are enough to fill the device, or a third of it with warp groups. Fewer tiles with many inputs are
    /// computed by several groups each, among which the inputs are split; what is left has tiles of 64x64. Null where
    /// no variant is used.
    /// </summary>
    /// <param name="warpGroups">The op's variant for warp groups.</param>
    /// <param name="tensorCores">The op's variant for other tensor cores.</param>
    /// <param name="rows">Rows of the result.</param>
    /// <param name="panels">Panels of the matrix.</param>
    /// <param name="splitInputs">Inputs that can be split; 0 where they cannot.</param>
    internal ProductTiles? TensorTiles(
        KernelVariant warpGroups, KernelVariant tensorCores, int rows, int panels, long splitInputs)
    {
        bool hasWarpGroups = Uses(warpGroups), hasTensorCores = Uses(tensorCores);
        if (!hasWarpGroups && !hasTensorCores)
        {
            return null;
        }

        var large = GpuGroups.OfRows((int)DivideUp(panels, 2), (int)DivideUp(rows, 2 * TileRows));
        long tiles = (long)large.X * large.Y * large.Z;
        int splits = (int)Math.Max(1, Math.Min(_units / tiles, splitInputs / LeastSplitInputs));
        large = large with { X = large.X * splits };

        // By arithmetic, kernels/LOG.md: a warp group's tile takes a third to a half of the time that its four small
        // ones take on one multiprocessor.
        if (hasWarpGroups && (splits > 1 || 3 * tiles >= _units || !hasTensorCores))
        {
            return new ProductTiles(warpGroups.Name, warpGroups.Name, large, splits);
        }

        return splits > 1 || tiles >= _units
            ? new ProductTiles(tensorCores.Name, tensorCores.Name, large, splits)
            : new ProductTiles(
                tensorCores.Name, $"{tensorCores.Name}_small",
                GpuGroups.OfRows(panels, (int)DivideUp(rows, TileRows)), Splits: 1);
    }

    /// <summary>Starts a product on tensor cores.</summary>
    /// <param name="tiles">What <see cref="TensorTiles"/> chose.</param>
    /// <param name="arguments">The kernel's, without the last two: splits, and where these put their sums.</param>
    /// <param name="end">What becomes of the sums, for which several splits have a kernel of its own.</param>
    private void LaunchProduct(ProductTiles tiles, ReadOnlySpan<GpuArgument> arguments, in ProductEnd end)
    {
        GpuKernel kernel = Kernel(tiles.Program, tiles.Kernel);
        if (tiles.Splits == 1)
        {
            _device.Launch(kernel, tiles.Groups, [.. arguments, 1, (GpuBuffer?)null]);
            return;
        }

        long sums = (long)tiles.Splits * end.Rows * end.Panels * MatrixPanels.Width;
        using GpuStorage partial = _arena.Rent(sums * sizeof(float));
        _device.Launch(kernel, tiles.Groups, [.. arguments, tiles.Splits, partial.Buffer]);
        GpuKernel join = Kernel("product_join");
        _device.Launch(
            join, new GpuGroups(Groups(join, end.Rows * DivideUp(end.Outputs, VectorWidth))),
            [
                partial.Buffer, end.Bias, end.ChannelBias, end.Residual, end.Result, end.Rows, end.Outputs,
                end.PictureRows, end.ResidualRows, end.Activation, end.Panels, tiles.Splits,
            ]);
    }

    /// <summary>A product's kernel, its groups, and among how many of these the inputs of a tile are split.</summary>
    internal readonly record struct ProductTiles(string Program, string Kernel, GpuGroups Groups, int Splits);

    /// <summary>struct product_end of kernels/product_end.h.</summary>
    private readonly record struct ProductEnd(
        GpuBuffer Bias, GpuBuffer? ChannelBias, GpuBuffer? Residual, GpuBuffer Result, int Rows, int Outputs,
        int PictureRows, int ResidualRows, int Activation, int Panels);
}
