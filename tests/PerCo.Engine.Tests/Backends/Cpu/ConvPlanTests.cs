using PerCo.Engine.Backends.Cpu;
using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;
using Xunit;

namespace PerCo.Engine.Tests.Backends.Cpu;

public sealed class ConvPlanTests
{
    [Theory]
    [InlineData(320, 320, 3, 1, false, ConvAlgorithm.Winograd4)]
    [InlineData(24, 3, 3, 1, false, ConvAlgorithm.Direct)]
    [InlineData(24, 5, 3, 1, false, ConvAlgorithm.Winograd4)]
    [InlineData(1280, 1280, 3, 1, false, ConvAlgorithm.Winograd4)]
    [InlineData(1280, 1280, 3, 1, true, ConvAlgorithm.Winograd2)]
    [InlineData(144, 144, 3, 1, true, ConvAlgorithm.Winograd4)]
    [InlineData(320, 320, 3, 2, false, ConvAlgorithm.Direct)]
    [InlineData(320, 320, 1, 1, false, ConvAlgorithm.Direct)]
    public void DependsOnTheLayerAndTheRegisters(
        int inputs, int outputs, int kernel, int stride, bool fewPositions, object expected)
    {
        var spec = new Conv2dSpec(inputs, outputs, kernel, kernel, stride, Padding.All(kernel / 2))
        {
            FewPositions = fewPositions,
        };
        foreach (int lanes in (int[])[4, 8])
        {
            Assert.Equal(expected, ConvPlan.Choose(spec, strict: false, lanes));
        }

        Assert.Equal(
            expected is ConvAlgorithm.Winograd2 ? ConvAlgorithm.Winograd4Fused : expected,
            ConvPlan.Choose(spec, strict: false, lanes: 16));
        Assert.Equal(ConvAlgorithm.Direct, ConvPlan.Choose(spec, strict: true, lanes: 16));
        Assert.Equal(
            expected is ConvAlgorithm.Direct ? ConvAlgorithm.Direct : ConvAlgorithm.WinogradUp,
            ConvPlan.Choose(spec with { Doubles = true }, strict: false, lanes: 16));
    }

    [Fact]
    public void FreedWeightsMakeRoom()
    {
        using var backend = new CpuBackend(new CpuOptions { Threads = 1, TransformedWeightMemory = 8 * 8 * 36 * 4 });
        Assert.True(PrepareAndFree());
        CpuConvWeights first = Prepare();
        Assert.False(PrepareAndFree());
        first.Dispose();
        first.Dispose();
        Assert.True(PrepareAndFree());
        Assert.True(PrepareAndFree());

        CpuConvWeights Prepare() => (CpuConvWeights)backend.PrepareConv2d(
            new Conv2dSpec(8, 8, 3, 3, 1, Padding.All(1)), OpCase.Weight(new Shape(8, 8, 3, 3), "w"), null);

        bool PrepareAndFree()
        {
            using CpuConvWeights weights = Prepare();
            Assert.Equal(ConvAlgorithm.Winograd4, weights.Algorithm);
            return weights.IsTransformed;
        }
    }
}
