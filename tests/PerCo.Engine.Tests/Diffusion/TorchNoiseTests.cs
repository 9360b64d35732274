using PerCo.Engine.Diffusion;
using Xunit;

namespace PerCo.Engine.Tests.Diffusion;

public sealed class TorchNoiseTests
{
    /// <summary>What the reference's vectorised logarithm, sine and cosine may differ by.</summary>
    private const float Tolerance = 4e-6f;

    [Fact]
    public void EqualsTorchBelowAndAboveSixteen() => CompareAll(TestPaths.Goldens("torch_noise/io.safetensors"), 9);

    [SkippableFact]
    public void EqualsTorchAtLatentSize()
    {
        Skip.If(TestPaths.Shared is null, "The shared reference cases are not beside the repository.");
        CompareAll(Path.Combine(TestPaths.Shared, "goldens", "torch_noise", "io.safetensors"), 12);
    }

    /// <summary>Draws after <c>manual_seed(42)</c>: the spare value outlives larger draws.</summary>
    [Fact]
    public void ContinuesAsOneGenerator()
    {
        TorchNoise noise = new(42);
        AssertEndsWith([0.33669036626815796f, 0.12880940735340118f, 0.23446236550807953f], Draw(noise, 3));
        AssertEndsWith([-0.18632829189300537f, 2.2082014083862305f, -0.637997031211853f], Draw(noise, 5));
        AssertEndsWith([-1.234653115272522f, -0.4879138767719269f, -1.4180599451065063f], Draw(noise, 17));
        AssertEndsWith([-1.018611192703247f, -0.4180298149585724f], Draw(noise, 2));
        AssertEndsWith([-1.0758858919143677f, 0.5356546640396118f, 1.1753677129745483f], Draw(noise, 16));
    }

    [Fact]
    public void UsesTheLowThirtyTwoBitsOfTheSeed()
    {
        float[] low = Draw(new TorchNoise(7), 32);
        Assert.Equal(low, Draw(new TorchNoise(7UL + (1UL << 32)), 32));
        Assert.NotEqual(low, Draw(new TorchNoise(8), 32));
    }

    private static void CompareAll(string path, int count)
    {
        GoldenArrays golden = new(path);
        Assert.Equal(count, golden.Names.Count());
        foreach (string name in golden.Names)
        {
            float[] expected = golden[name];
            float[] actual = new float[expected.Length];
            TorchNoise.Fill(ulong.Parse(name.Split('.')[0]["seed".Length..]), actual);
            AssertEndsWith(expected, actual);
        }
    }

    private static float[] Draw(TorchNoise noise, int count)
    {
        float[] values = new float[count];
        noise.Draw(values);
        return values;
    }

    private static void AssertEndsWith(float[] expected, float[] actual)
    {
        Assert.All(expected.Zip(actual[^expected.Length..]), p => Assert.Equal(p.First, p.Second, Tolerance));
    }
}
