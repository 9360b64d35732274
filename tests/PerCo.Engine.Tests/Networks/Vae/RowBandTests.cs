using PerCo.Engine.Backends;
using PerCo.Engine.Networks.Vae;
using PerCo.Engine.Tensors;
using PerCo.Engine.Verification;
using PerCo.Engine.Weights;
using Xunit;
using Network = PerCo.Engine.Networks.Vae.Vae;

namespace PerCo.Engine.Tests.Networks.Vae;

/// <summary>The autoencoder by bands of rows against the autoencoder at once: no seams, and less memory.</summary>
public sealed class RowBandTests
{
    private static VaeConfig Config => VaeConfig.Read(ConfigReader.Load(TestPaths.Goldens("vae/model/config.json")));

    private static SyntheticWeights Weights => NetworkCase.Weights(TestPaths.Goldens("vae/model/parameters.json"));

    [Theory]
    [InlineData("cpu", 1, 0)]
    [InlineData("cpu", 40_000, 0)]
    [InlineData("reference", 20_000, 1e-5)]
    public void BandsGiveTheSameValues(string name, long bandBytes, double tolerance)
    {
        using NetworkCase golden = NetworkCase.Open("vae/io.safetensors");
        using Backend backend = NetworkBackends.Create(name);
        using var vae = new Network(backend, Config, Weights);
        using Tensor image = golden.Upload(backend, "image1");
        using Tensor latent = golden.Upload(backend, "mean1");
        (float[] Moments, float[] Picture) whole = Run(vae, image, latent, 0);
        (float[] Moments, float[] Picture) banded = Run(vae, image, latent, bandBytes);
        Assert.InRange(Difference(whole.Moments, banded.Moments), 0, tolerance);
        Assert.InRange(Difference(whole.Picture, banded.Picture), 0, tolerance);
    }

    [Fact]
    public void BandsTakeLessMemory()
    {
        using NetworkCase golden = NetworkCase.Open("vae/io.safetensors");
        using Backend backend = NetworkBackends.Create("cpu");
        using var vae = new Network(backend, Config, Weights);
        using Tensor latent = golden.Upload(backend, "mean1");
        vae.LoadDecoder();
        Assert.InRange(Peak(20_000), 1, 0.85 * Peak(0));

        long Peak(long bandBytes)
        {
            vae.BandBytes = bandBytes;
            backend.ResetPeak();
            long before = backend.MemoryInUse;
            vae.Decode(latent).Dispose();
            Assert.Equal(before, backend.MemoryInUse);
            return backend.PeakMemory - before;
        }
    }

    private static (float[] Moments, float[] Picture) Run(Network vae, Tensor image, Tensor latent, long bandBytes)
    {
        vae.BandBytes = bandBytes;
        using Tensor moments = vae.Encode(image);
        using Tensor picture = vae.Decode(latent);
        return (moments.ToFloats(), picture.ToFloats());
    }

    private static double Difference(float[] a, float[] b) => a.Zip(b, (x, y) => Math.Abs((double)x - y)).Max();
}
