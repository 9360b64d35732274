using PerCo.Engine.Backends;
using PerCo.Engine.Tensors;
using PerCo.Engine.Verification;
using PerCo.Engine.Verification.Cases.Full;
using Xunit;

namespace PerCo.Engine.Tests.Verification;

public sealed class ComparisonTests
{
    [Fact]
    public void NormalisedErrorIsARatioOfRootMeanSquares()
    {
        Assert.Equal(0.1, Comparison.NormalisedError([3, 4], [3.3f, 4.4f]), 6);
        Assert.Equal(0, Comparison.NormalisedError([0, 0], [0, 0]));
        Assert.Equal(double.PositiveInfinity, Comparison.NormalisedError([0, 0], [0, 1]));
        Assert.True(double.IsNaN(Comparison.NormalisedError([1, 1], [1, float.NaN])));
        Assert.Throws<ArgumentException>(() => Comparison.NormalisedError([1], [1, 2]));
    }

    [Fact]
    public void OtherMeasures()
    {
        Assert.Equal(2, Comparison.LargestError([1, 2, 3], [1, 0, 3.5f]));
        Assert.True(double.IsNaN(Comparison.LargestError([1, 2, 3], [1, float.NaN, 3.5f])));
        Assert.Equal(2, Comparison.Differences([1, 2, 3], [1, 0, 4]));
        Assert.Equal(20, Comparison.Psnr([0, 0.5f], [0.1f, 0.4f]), 5);
        Assert.Equal(double.PositiveInfinity, Comparison.Psnr([1], [1]));
    }

    [Fact]
    public void PlanarLayoutMovesTheChannels()
    {
        // [1, 2 channels, 1, 3] as theirs.
        var planar = new Shape(1, 2, 1, 3);
        Assert.Equal(new Shape(1, 1, 3, 2), PlanarLayout.ToChannelsLast(planar));
        Assert.Equal([1f, 4, 2, 5, 3, 6], PlanarLayout.ToChannelsLast(planar, [1, 2, 3, 4, 5, 6]));
        Assert.Equal([1f, 2, 3, 4, 5, 6], PlanarLayout.ToPlanar(new Shape(1, 1, 3, 2), [1, 4, 2, 5, 3, 6]));
        Assert.Equal([1f, 2], PlanarLayout.ToPlanar(new Shape(1, 2, 1), [1, 2]));

        float[] batch = [.. Enumerable.Range(0, 2 * 3 * 4 * 5).Select(i => (float)i)];
        var shape = new Shape(2, 3, 4, 5);
        Shape ours = PlanarLayout.ToChannelsLast(shape);
        Assert.Equal(shape, PlanarLayout.ToPlanar(ours));
        Assert.Equal(batch, PlanarLayout.ToPlanar(ours, PlanarLayout.ToChannelsLast(shape, batch)));
    }

    [Fact]
    public void SubSamplingTakesEveryNth()
    {
        float[] values = [.. Enumerable.Range(0, 35).Select(i => (float)i)];
        Assert.Equal(
            [0f, 3, 6, 14, 17, 20, 28, 31, 34], FullCaseContext.Sample(new Shape(5, 7), values, new Shape(3, 3)));
        Assert.Equal(values, FullCaseContext.Sample(new Shape(5, 7), values, new Shape(5, 7)));
        Assert.Throws<PerCoException>(() => FullCaseContext.Sample(new Shape(5, 7), values, new Shape(5, 6)));
        Assert.Throws<PerCoException>(() => FullCaseContext.Sample(new Shape(35), values, new Shape(5, 7)));
    }

    [Theory]
    [InlineData(NumericPlan.Fp32Direct, 1e-4, 1e-4, 1e-3, 60, 50)]
    [InlineData(NumericPlan.Fp32Winograd, 5e-4, 2e-3, 5e-3, 60, 50)]
    [InlineData(NumericPlan.Fp16Weights, 3e-3, 1e-2, 3e-2, 40, 35)]
    [InlineData(NumericPlan.Int8Weights, 3e-2, 5e-2, 3e-1, 30, 25)]
    [InlineData(NumericPlan.Fp16, 1e-2, 3e-2, 5e-2, 40, 35)]
    public void TolerancesArePromised(
        NumericPlan plan, double network, double margin, double gap, double loop, double pipeline) =>
        Assert.Equal(new Tolerances(network, margin, gap, loop, pipeline), Tolerances.For(plan));
}
