using PerCo.Engine.Backends;
using PerCo.Engine.Networks.Vae;
using PerCo.Engine.Tensors;
using PerCo.Engine.Verification;
using PerCo.Engine.Weights;
using Xunit;
using Network = PerCo.Engine.Networks.Vae.Vae;

namespace PerCo.Engine.Tests.Networks.Vae;

/// <summary>The autoencoder against diffusers 0.27, on a picture of 104×72 whose latent has odd extents.</summary>
public sealed class VaeTests
{
    private static VaeConfig Config => VaeConfig.Read(ConfigReader.Load(TestPaths.Goldens("vae/model/config.json")));

    private static SyntheticWeights Weights => NetworkCase.Weights(TestPaths.Goldens("vae/model/parameters.json"));

    [Theory]
    [InlineData("reference")]
    [InlineData("cpu")]
    public void EncodesLikeDiffusers(string name)
    {
        using NetworkCase golden = NetworkCase.Open("vae/io.safetensors");
        using Backend backend = NetworkBackends.Create(name);
        using var vae = new Network(backend, Config, Weights);
        using Tensor image = golden.Upload(backend, "image1");
        using Tensor mean = vae.EncodeMean(image);
        Assert.InRange(golden.Error("mean1", mean), 0, NetworkBackends.ToleranceOf(backend));

        using Tensor moments = vae.Encode(image);
        using Tensor logvar = backend.Allocate(mean.Shape);
        backend.CopyTokens(new ChannelSlice(moments, 4, 4), 0, moments.Shape.Tokens, logvar, 0);
        Assert.InRange(golden.Error("logvar1", logvar), 0, NetworkBackends.ToleranceOf(backend));
    }

    [Theory]
    [InlineData("reference")]
    [InlineData("cpu")]
    public void DecodesLikeDiffusers(string name)
    {
        using NetworkCase golden = NetworkCase.Open("vae/io.safetensors");
        using Backend backend = NetworkBackends.Create(name);
        using var vae = new Network(backend, Config, Weights);
        using Tensor latent = golden.Upload(backend, "mean1");
        using Tensor image = vae.Decode(latent);
        Assert.InRange(golden.Error("decoded1", image), 0, NetworkBackends.ToleranceOf(backend));
    }

    [SkippableFact]
    public void BlocksAreLikeDiffusers()
    {
        using NetworkCase golden = NetworkCase.OpenShared("vae/io.safetensors");
        using Backend backend = NetworkBackends.Create("cpu");
        using WeightFolder weights = WeightFolder.Open(NetworkCase.SharedPath("vae/model"));
        using var vae = new Network(backend, Config, weights);
        var taps = new TapChecker(golden, NetworkBackends.Tolerance);
        vae.Tap = taps.Check;
        using Tensor image = golden.Upload(backend, "image0");
        using Tensor latent = vae.EncodeMean(image);
        using Tensor decoded = vae.Decode(latent);
        taps.RequireAll();
        Assert.InRange(golden.Error("decoded0", decoded), 0, NetworkBackends.Tolerance);
    }

    [Fact]
    public void OldNamesOfTheAttentionAreRead()
    {
        using NetworkCase golden = NetworkCase.Open("vae/io.safetensors");
        using Backend backend = NetworkBackends.Create("cpu");
        var old = new EditedWeights(Weights);
        foreach (string kind in new[] { "weight", "bias" })
        {
            const string Attention = "encoder.mid_block.attentions.0";
            old.Rename($"{Attention}.to_q.{kind}", $"{Attention}.query.{kind}");
            old.Rename($"{Attention}.to_k.{kind}", $"{Attention}.key.{kind}");
            old.Rename($"{Attention}.to_v.{kind}", $"{Attention}.value.{kind}");
            old.Rename($"{Attention}.to_out.0.{kind}", $"{Attention}.proj_attn.{kind}");
        }

        using var vae = new Network(backend, Config, old);
        using Tensor image = golden.Upload(backend, "image1");
        using Tensor mean = vae.EncodeMean(image);
        Assert.InRange(golden.Error("mean1", mean), 0, NetworkBackends.Tolerance);
    }

    [Fact]
    public void ADecodeNeverLoadsTheEncoder()
    {
        using Backend backend = NetworkBackends.Create("cpu");
        var half = new EditedWeights(Weights);
        half.RemoveWhere(key => key.StartsWith("encoder.") || key.StartsWith("quant_conv."));

        using var vae = new Network(backend, Config, half);
        vae.LoadDecoder();
        long decoder = vae.WeightBytes;
        Assert.True(decoder > 0);
        PerCoException error = Assert.Throws<PerCoException>(vae.LoadEncoder);
        Assert.Contains("'encoder.conv_in.weight' is missing", error.Message);
        Assert.Equal(decoder, vae.WeightBytes);
    }

    [Fact]
    public void TensorsThatNothingReadsAreAnError()
    {
        using Backend backend = NetworkBackends.Create("cpu");
        var extra = new EditedWeights(Weights);
        extra.Replace("decoder.extra", HostTensor.FromFloats("extra", new Shape(1), [1]));
        using var vae = new Network(backend, Config, extra);
        vae.LoadEncoder();
        Assert.Contains("'decoder.extra'", Assert.Throws<PerCoException>(vae.LoadDecoder).Message);
    }

    [Fact]
    public void AllMemoryComesBackAndASecondRunTakesNoMore()
    {
        using NetworkCase golden = NetworkCase.Open("vae/io.safetensors");
        using var backend = (HostBackend)NetworkBackends.Create("cpu");
        using var vae = new Network(backend, Config, Weights);
        using Tensor latent = golden.Upload(backend, "mean1");
        long before = backend.MemoryInUse;
        vae.Decode(latent).Dispose();
        Assert.Equal(before, backend.MemoryInUse);

        long blocks = backend.Arena.SystemAllocations;
        vae.Decode(latent).Dispose();
        Assert.Equal(blocks, backend.Arena.SystemAllocations);
    }

    [Fact]
    public void ShapesThatDoNotFitAreRefused()
    {
        using Backend backend = NetworkBackends.Create("cpu");
        using var vae = new Network(backend, Config, Weights);
        using Tensor grey = backend.Allocate(new Shape(1, 64, 64, 1));
        using Tensor tiny = backend.Allocate(new Shape(1, 7, 64, 3));
        Assert.Throws<ArgumentException>(() => vae.Encode(grey));
        Assert.Throws<ArgumentException>(() => vae.Encode(tiny));
        Assert.Throws<ArgumentException>(() => vae.Decode(grey));
    }
}
