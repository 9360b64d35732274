using PerCo.Engine.Tensors;
using PerCo.Engine.Verification;
using Xunit;

namespace PerCo.Engine.Tests.Verification;

public sealed class SyntheticWeightsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void ValuesFollowFromTagAndName()
    {
        SyntheticWeights weights = Load("""{"conv.weight": [2, 3], "conv.bias": [2], "step": []}""");
        Assert.Equal(["conv.weight", "conv.bias", "step"], weights.Keys);
        Assert.True(weights.TryGet("conv.weight", out HostTensor? weight));
        Assert.Equal(new Shape(2, 3), weight.Shape);
        Assert.Equal(SyntheticTensors.Parameter("t/conv.weight", new Shape(2, 3)), weight.ToFloats());
        Assert.True(weights.TryGet("step", out HostTensor? scalar));
        Assert.Single(scalar.ToFloats());
        Assert.False(weights.TryGet("conv", out _));
    }

    [Fact]
    public void CodesHaveLengthOne()
    {
        SyntheticWeights weights = Load("""{"quantizer._codebook.embed": [1, 5, 4], "other.embed": [1, 5, 4]}""");
        Assert.True(weights.TryGet("quantizer._codebook.embed", out HostTensor? codes));
        Assert.All(codes.ToFloats().Chunk(4), row => Assert.Equal(1, row.Sum(v => v * v), 6));
        Assert.True(weights.TryGet("other.embed", out HostTensor? other));
        Assert.All(other.ToFloats().Chunk(4), row => Assert.NotEqual(1, row.Sum(v => v * v), 3));
    }

    [Fact]
    public void NothingIsComputedUntilItIsRead()
    {
        SyntheticWeights weights = Load("""{"large.weight": [500000000]}""");
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.True(weights.TryGet("large.weight", out HostTensor? tensor));
        Assert.Equal(2_000_000_000, tensor.Bytes.Length);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 10_000);
    }

    [Theory]
    [InlineData("[1, 1, 1, 1, 1, 1, 1]")]
    [InlineData("[2147483647]")]
    [InlineData("[2147483647, 2147483647, 2147483647, 0]")]
    [InlineData("[65536, 65536]")]
    [InlineData("[-1]")]
    [InlineData("\"x\"")]
    public void ShapesThatCannotBeAreErrors(string shape)
    {
        PerCoException e = Assert.Throws<PerCoException>(() => Load($"{{\"w\": {shape}}}"));
        Assert.Contains("field 'w", e.Message, StringComparison.Ordinal);
    }

    private SyntheticWeights Load(string json) => SyntheticWeights.Load(_folder.Text("parameters.json", json), "t");
}
