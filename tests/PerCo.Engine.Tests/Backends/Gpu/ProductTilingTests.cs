using PerCo.Engine.Backends.Gpu;
using Xunit;

namespace PerCo.Engine.Tests.Backends.Gpu;

public sealed class ProductTilingTests
{
    private const int H100 = 132;
    private const int A100 = 108;

    /// <summary>The shapes of Stable Diffusion 2.1's U-Net at 512×512 with guidance.</summary>
    [Theory]
    [InlineData(8192, 320, 9 * 320, "wg_wide", 1)]
    [InlineData(8192, 320, 320, "tc", 1)]
    [InlineData(8192, 2560, 320, "wg_widest", 1)]
    [InlineData(2048, 5120, 640, "wg_widest", 1)]
    [InlineData(2048, 640, 9 * 640, "wg", 1)]
    [InlineData(512, 1280, 9 * 1280, "wg_widest", 5)]
    [InlineData(128, 1280, 9 * 1280, "tc", 10)]
    [InlineData(128, 1280, 9 * 2560, "wg_widest", 18)]
    [InlineData(512, 1280, 1280, "tc_small", 1)]
    [InlineData(512, 1280, 5120, "wg_widest", 5)]
    public void Of_an_H100(int rows, int outputs, int inputs, string kernel, int splits)
    {
        ProductTiling tiling = Choose("wg", "tc", rows, outputs, inputs, H100);
        Assert.Equal((kernel, splits), (tiling.Kernel, tiling.Splits));
    }

    [Theory]
    [InlineData(8192, 320, 9 * 320, "tc", 1)]
    [InlineData(512, 1280, 9 * 1280, "tc", 2)]
    [InlineData(128, 1280, 9 * 1280, "tc", 9)]
    [InlineData(512, 1280, 1280, "tc_small", 1)]
    public void Of_an_A100(int rows, int outputs, int inputs, string kernel, int splits)
    {
        ProductTiling tiling = Choose(null, "tc", rows, outputs, inputs, A100);
        Assert.Equal((kernel, splits), (tiling.Kernel, tiling.Splits));
    }

    [Theory]
    [InlineData(1, 1, 1, 1)]
    [InlineData(5, 64, 100_000, 132)]
    [InlineData(1000, 1000, 1000, 3)]
    [InlineData(10_000_000, 33, 9, 132)]
    public void Groups_cover_all_rows_and_panels(int rows, int outputs, int inputs, int units)
    {
        foreach ((string? warpGroups, string? tensorCores) in ((string?, string?)[])[("wg", null), (null, "tc")])
        {
            ProductTiling tiling = Choose(warpGroups, tensorCores, rows, outputs, inputs, units);
            (int tileRows, int tilePanels) = tiling.Kernel switch
            {
                "wg" or "tc" => (128, 2),
                "wg_wide" => (128, 3),
                "wg_widest" => (128, 4),
                _ => (64, 1),
            };
            int panels = MatrixPanels.Count(outputs, geglu: false);
            Assert.InRange(tiling.Groups.X / tiling.Splits * tilePanels, panels, panels + tilePanels - 1);
            Assert.Equal(0, tiling.Groups.X % tiling.Splits);
            Assert.InRange((long)tiling.Groups.Y * tiling.Groups.Z * tileRows, rows, long.MaxValue);
            Assert.True(tiling.Splits == 1 || (long)tiling.Groups.X * tiling.Groups.Y <= units);
        }
    }

    [Fact]
    public void Without_a_kernel_there_is_none() =>
        Assert.Null(ProductTiling.Choose(null, null, 100, 1, 100, canSplit: true, units: 8));

    [Fact]
    public void What_cannot_be_split_is_not()
    {
        ProductTiling? tiling = ProductTiling.Choose("wg", "tc", 128, 20, 11520, canSplit: false, H100);
        Assert.Equal(1, tiling?.Splits);
    }

    private static ProductTiling Choose(
        string? warpGroups, string? tensorCores, int rows, int outputs, int inputs, int units) =>
        ProductTiling.Choose(
            warpGroups, tensorCores, rows, MatrixPanels.Count(outputs, geglu: false), inputs, canSplit: true, units)
            ?? throw new InvalidOperationException("no tiling");
}
