using PerCo.Engine.Backends.Cpu;
using PerCo.Engine.Tensors.Ops;
using Xunit;

namespace PerCo.Engine.Tests.Backends.Cpu;

public sealed class ConvPlanTests
{
    [Theory]
    [InlineData(320, 320, 3, 1, ConvAlgorithm.Winograd4)]
    [InlineData(24, 3, 3, 1, ConvAlgorithm.Winograd4)]
    [InlineData(1280, 1280, 3, 1, ConvAlgorithm.Winograd2)]
    [InlineData(1280, 640, 3, 1, ConvAlgorithm.Winograd4)]
    [InlineData(320, 320, 3, 2, ConvAlgorithm.Direct)]
    [InlineData(320, 320, 1, 1, ConvAlgorithm.Direct)]
    public void DependsOnChannelsOnly(int inputs, int outputs, int kernel, int stride, object expected)
    {
        var spec = new Conv2dSpec(inputs, outputs, kernel, kernel, stride, Padding.All(kernel / 2));
        Assert.Equal(expected, ConvPlan.Choose(spec, new CpuOptions()));
        Assert.Equal(ConvAlgorithm.Direct, ConvPlan.Choose(spec, new CpuOptions { Strict = true }));
    }
}
