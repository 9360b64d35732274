using PerCo.Engine.Backends.Gpu;
using PerCo.Engine.Backends.Reference;
using PerCo.Engine.Backends.Trials;
using PerCo.Engine.Tensors.Ops;
using Xunit;
using static PerCo.Engine.Backends.Gpu.KernelVariants;
using static PerCo.Engine.Backends.Trials.OpTrialFactory;

namespace PerCo.Engine.Tests.Backends.Gpu;

/// <summary>
/// Products whose inputs are split among groups, because there are fewer tiles than compute units, and wide tiles.
/// </summary>
[Collection(OpenClCollection.Name)]
public sealed class ProductTests(OpenClFp16Fixture fixture)
{
    // Splits end within a tap and within either source, and the last step of a source is not full.
    private static readonly OpTrial[] Trials =
    [
        Conv2d(2, 6, 7, 264, 72, second: 200, residual: true, channelBias: true, activation: Activation.Silu),
        Conv2d(1, 9, 8, 520, 40, stride: 2),
        Conv2d(1, 3, 4, 528, 64, upsample: 2),
        Conv2d(1, 5, 5, 1100, 33, second: 1203, kernel: 1),
        Linear(50, 10000, 70, residual: true),
        Linear(130, 6000, 130, Activation.Gelu),

        // Tiles of three panels, the last with two, and GEGLU in them.
        Conv2d(2, 8, 7, 72, 320, channelBias: true),
        Linear(100, 200, 320, Activation.Geglu),

        // Tiles of four panels.
        Conv2d(2, 8, 7, 72, 512, channelBias: true),
        Linear(100, 200, 500, residual: true),
    ];

    [SkippableTheory]
    [InlineData(0, "conv2d_mma", 84, 72, 9 * 464, "conv2d_mma", 5)]
    [InlineData(0, "conv2d_wgmma", 84, 72, 9 * 464, "conv2d_wgmma", 5)]
    [InlineData(1, "conv2d_mma", 20, 40, 9 * 520, "conv2d_mma", 6)]
    [InlineData(1, "conv2d_wgmma", 20, 40, 9 * 520, "conv2d_wgmma", 6)]
    [InlineData(2, "conv2d_mma", 48, 64, 9 * 528, "conv2d_mma", 6)]
    [InlineData(2, "conv2d_wgmma", 48, 64, 9 * 528, "conv2d_wgmma", 6)]
    [InlineData(3, "conv2d_wgmma", 25, 33, 2303, "conv2d_wgmma", 2)]
    [InlineData(4, "linear_mma", 50, 70, 10000, "linear_mma", 10)]
    [InlineData(4, "linear_wgmma", 50, 70, 10000, "linear_wgmma", 8)]
    [InlineData(5, "linear_mma", 130, 130, 6000, "linear_mma", 5, 26)]
    [InlineData(5, "linear_wgmma", 130, 130, 6000, "linear_wgmma_wide", 5)]
    [InlineData(6, "conv2d_wgmma", 112, 320, 9 * 72, "conv2d_wgmma_wide", 1, 2)]
    [InlineData(7, "linear_wgmma", 100, 320, 200, "linear_wgmma_wide", 1, 2)]
    [InlineData(8, "conv2d_wgmma", 112, 512, 9 * 72, "conv2d_wgmma_widest", 1, 2)]
    [InlineData(9, "linear_wgmma", 100, 500, 200, "linear_wgmma_widest", 1, 2)]
    public void Results_are_those_of_the_reference(
        int trial, string variant, int rows, int outputs, int inputs, string kernel, int splits, int units = 13)
    {
        Assert.NotNull(fixture.Backend);
        KernelVariant only = All.Single(one => one.Name == variant);
        using GpuBackend backend = Emulated.Open(GpuPrecision.Fp16, units, only);
        (KernelVariant warpGroups, KernelVariant tensorCores) =
            only.Op == "Linear" ? (LinearWgmma, LinearMma) : (Conv2dWgmma, Conv2dMma);
        ProductTiling? tiling = backend.Tiling(
            warpGroups, tensorCores, rows, MatrixPanels.Count(outputs, geglu: false), inputs, Activation.None);
        Assert.Equal((kernel, splits), (tiling?.Kernel, tiling?.Splits));
        using var reference = new ReferenceBackend();
        float[] expected = Trials[trial].Run(reference, GpuPrecision.Fp16);
        var found = OpDifference.Between(expected, Trials[trial].Run(backend, GpuPrecision.Fp16));
        Assert.True(found.Within(Trials[trial].Bound(backend)), $"{Trials[trial]}: {found}");
    }

    [SkippableFact]
    public void Every_way_to_cut_a_product_gives_its_result()
    {
        Assert.NotNull(fixture.Backend);
        using GpuBackend backend = Emulated.Open(GpuPrecision.Fp16, 7, LinearMma, LinearWgmma);
        CheckEveryWay(backend);
    }

    /// <summary>The same product in all tiles and splits.</summary>
    internal static void CheckEveryWay(GpuBackend backend)
    {
        using var reference = new ReferenceBackend();
        OpTrial trial = Linear(100, 2400, 200, residual: true);
        float[] expected = trial.Run(reference, GpuPrecision.Fp16);
        IReadOnlyList<ProductEstimate> all = [];
        int chosen = 0;
        backend.TilingChoice = estimates => (all = estimates)[chosen].Tiling;
        do
        {
            var found = OpDifference.Between(expected, trial.Run(backend, GpuPrecision.Fp16));
            Assert.True(found.Within(trial.Bound(backend)), $"{all[chosen].Tiling}: {found}");
        }
        while (++chosen < all.Count);

        Assert.Equal(
            [
                "linear_wgmma", "linear_wgmma/2", "linear_wgmma/3",
                "linear_wgmma_wide", "linear_wgmma_wide/2", "linear_wgmma_wide/3",
                "linear_wgmma_widest", "linear_wgmma_widest/2", "linear_wgmma_widest/3",
                "linear_mma", "linear_mma/2", "linear_mma/3", "linear_mma_small",
            ],
            all.Select(estimate => estimate.Tiling.ToString()));
    }
}
