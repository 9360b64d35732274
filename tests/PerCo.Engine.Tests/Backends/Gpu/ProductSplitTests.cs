using PerCo.Engine.Backends.Gpu;
using PerCo.Engine.Backends.Reference;
using PerCo.Engine.Backends.Trials;
using PerCo.Engine.Tensors.Ops;
using Xunit;
using static PerCo.Engine.Backends.Gpu.KernelVariants;
using static PerCo.Engine.Backends.Trials.OpTrialFactory;

namespace PerCo.Engine.Tests.Backends.Gpu;

/// <summary>Products whose inputs are split among groups, because there are fewer tiles than compute units.</summary>
[Collection(OpenClCollection.Name)]
public sealed class ProductSplitTests(OpenClFp16Fixture fixture)
{
    private const int H100 = 132;
    private const int SomeUnits = 13;

    // Splits end within a tap and within either source, and the last step of a source is not full.
    private static readonly OpTrial[] Trials =
    [
        Conv2d(2, 6, 7, 264, 72, second: 200, residual: true, channelBias: true, activation: Activation.Silu),
        Conv2d(1, 9, 8, 520, 40, stride: 2),
        Conv2d(1, 3, 4, 328, 64, upsample: 2),
        Conv2d(1, 5, 5, 1100, 33, second: 1203, kernel: 1),
        Linear(50, 10000, 70, residual: true),
        Linear(130, 6000, 130, Activation.Gelu),
    ];

    [SkippableTheory]
    [InlineData(0, 84, 72, 9 * 464, 5)]
    [InlineData(1, 20, 40, 9 * 520, 6)]
    [InlineData(2, 48, 64, 9 * 328, 3)]
    [InlineData(3, 25, 33, 2303, 2)]
    [InlineData(4, 50, 70, 10000, 13)]
    [InlineData(5, 130, 130, 6000, 3)]
    public void Sums_of_all_splits_are_joined(int trial, int rows, int outputs, int inputs, int splits)
    {
        Assert.NotNull(fixture.Backend);
        using var reference = new ReferenceBackend();
        float[] expected = Trials[trial].Run(reference, GpuPrecision.Fp16);
        foreach (KernelVariant[] variants in (KernelVariant[][])[[LinearMma, Conv2dMma], [LinearWgmma, Conv2dWgmma]])
        {
            using GpuBackend backend = Emulated.Open(GpuPrecision.Fp16, SomeUnits, variants);
            Assert.Equal(splits, Tiles(backend, rows, outputs, inputs).Splits);
            var found = OpDifference.Between(expected, Trials[trial].Run(backend, GpuPrecision.Fp16));
            Assert.True(found.Within(Trials[trial].Bound(backend)), $"{Trials[trial]}, {variants[0]}: {found}");
        }
    }

    /// <summary>The shapes of Stable Diffusion 2.1's U-Net at 512×512 with guidance, on an H100.</summary>
    [SkippableTheory]
    [InlineData(8192, 320, 9 * 320, "conv2d_wgmma", 1)]
    [InlineData(2048, 640, 9 * 640, "conv2d_wgmma", 1)]
    [InlineData(512, 1280, 9 * 1280, "conv2d_wgmma", 3)]
    [InlineData(128, 1280, 9 * 1280, "conv2d_wgmma", 13)]
    [InlineData(128, 1280, 9 * 2560, "conv2d_wgmma", 13)]
    [InlineData(512, 1280, 1280, "conv2d_mma_small", 1)]
    [InlineData(512, 1280, 5120, "conv2d_wgmma", 3)]
    [InlineData(512, 1280, 0, "conv2d_mma_small", 1)]
    public void Few_tiles_with_many_inputs_are_split(int rows, int outputs, int inputs, string kernel, int splits)
    {
        Assert.NotNull(fixture.Backend);
        using GpuBackend backend = Emulated.Open(GpuPrecision.Fp16, H100, Conv2dWgmma, Conv2dMma);
        GpuBackend.ProductTiles tiles = Tiles(backend, rows, outputs, inputs);
        Assert.Equal((kernel, splits), (tiles.Kernel, tiles.Splits));
    }

    private static GpuBackend.ProductTiles Tiles(GpuBackend backend, int rows, int outputs, int inputs) =>
        backend.TensorTiles(Conv2dWgmma, Conv2dMma, rows, MatrixPanels.Count(outputs, geglu: false), inputs)!.Value;
}
