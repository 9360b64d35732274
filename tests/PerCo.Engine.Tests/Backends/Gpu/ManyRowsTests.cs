using PerCo.Engine.Backends;
using PerCo.Engine.Backends.Gpu;
using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;
using Xunit;

namespace PerCo.Engine.Tests.Backends.Gpu;

/// <summary>More tiles of rows than a launch's second dimension may have.</summary>
[Collection(OpenClCollection.Name)]
public sealed class ManyRowsTests(OpenClFp32Fixture fixture)
{
    private const int Height = 2049;
    private const int Width = 2048;

    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(65535, 65535, 1)]
    [InlineData(65536, 32768, 2)]
    [InlineData(65537, 32769, 2)]
    [InlineData(int.MaxValue / 64, 65409, 513)]
    public void Tiles_are_spread_over_two_dimensions(int tiles, int y, int z)
    {
        var groups = GpuGroups.OfRows(3, tiles);
        Assert.InRange((long)groups.Y * groups.Z, tiles, tiles + groups.Z - 1);
        Assert.Equal((3, y, z), (groups.X, groups.Y, groups.Z));
    }

    [SkippableFact]
    public void Products_reach_the_last_row()
    {
        Backend backend = fixture.Backend;
        float[] values = Values();
        using Tensor x = backend.Upload(new Shape(1, Height * Width, 1), values);
        using LinearWeights weights = backend.PrepareLinear(
            new LinearSpec(1, 1), HostTensor.FromFloats("w", new Shape(1, 1), [3]), null);
        using Tensor y = backend.Linear(x, weights);
        AssertTimesThree(values, y);
    }

    [SkippableFact]
    public void Convolutions_reach_the_last_row()
    {
        Backend backend = fixture.Backend;
        float[] values = Values();
        using Tensor x = backend.Upload(new Shape(1, Height, Width, 1), values);
        using ConvWeights weights = backend.PrepareConv2d(
            new Conv2dSpec(1, 1, 1, 1, 1, Padding.All(0)), HostTensor.FromFloats("w", new Shape(1, 1, 1, 1), [3]),
            null);
        using Tensor y = backend.Conv2d(x, weights);
        AssertTimesThree(values, y);
    }

    private static float[] Values()
    {
        var values = new float[Height * Width];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = i % 1009;
        }

        return values;
    }

    private static void AssertTimesThree(float[] values, Tensor y)
    {
        float[] actual = y.ToFloats();
        for (int i = 0; i < values.Length; i++)
        {
            if (actual[i] != 3 * values[i])
            {
                Assert.Fail($"Value {i} is {actual[i]}, expected {3 * values[i]}.");
            }
        }
    }
}
