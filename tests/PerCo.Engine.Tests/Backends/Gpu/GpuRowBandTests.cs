using PerCo.Engine.Backends;
using PerCo.Engine.Networks.Vae;
using PerCo.Engine.Tensors;
using PerCo.Engine.Tests.Networks;
using PerCo.Engine.Weights;
using Xunit;
using Comparison = PerCo.Engine.Verification.Comparison;

namespace PerCo.Engine.Tests.Backends.Gpu;

/// <summary>The autoencoder by bands of rows on a device against the autoencoder at once.</summary>
[Collection(OpenClCollection.Name)]
public abstract class GpuRowBandTests(BackendFixture fixture, double tolerance)
{
    [SkippableTheory]
    [InlineData(1)]
    [InlineData(20_000)]
    public void BandsGiveTheSamePictureInLessMemory(long bandBytes)
    {
        Backend backend = fixture.Backend;
        using NetworkCase golden = NetworkCase.Open("vae/io.safetensors");
        using var vae = new Vae(
            backend, VaeConfig.Read(ConfigReader.Load(TestPaths.Goldens("vae/model/config.json"))),
            NetworkCase.Weights(TestPaths.Goldens("vae/model/parameters.json")));
        using Tensor image = golden.Upload(backend, "image1");
        using Tensor latent = golden.Upload(backend, "mean1");
        Assert.Equal(0, vae.BandBytes);
        (float[] Moments, float[] Picture, long Peak) whole = Run();
        vae.BandBytes = bandBytes;
        (float[] Moments, float[] Picture, long Peak) banded = Run();
        Assert.InRange(Comparison.NormalisedError(whole.Moments, banded.Moments), 0, tolerance);
        Assert.InRange(Comparison.NormalisedError(whole.Picture, banded.Picture), 0, tolerance);
        Assert.InRange(banded.Peak, 1, whole.Peak - 1);

        (float[] Moments, float[] Picture, long Peak) Run()
        {
            using Tensor moments = vae.Encode(image);
            vae.LoadDecoder();
            backend.ResetPeak();
            long before = backend.MemoryInUse;
            using Tensor picture = vae.Decode(latent);
            return (moments.ToFloats(), picture.ToFloats(), backend.PeakMemory - before);
        }
    }
}

public sealed class OpenClFp32RowBandTests(OpenClFp32Fixture fixture)
    : GpuRowBandTests(fixture, 1e-5);

public sealed class OpenClFp16RowBandTests(OpenClFp16Fixture fixture)
    : GpuRowBandTests(fixture, 1e-2);
