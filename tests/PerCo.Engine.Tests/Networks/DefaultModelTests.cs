using PerCo.Engine.Backends;
using PerCo.Engine.Networks.HyperEncoder;
using PerCo.Engine.Networks.UNet;
using PerCo.Engine.Networks.Vae;
using PerCo.Engine.Tensors;
using PerCo.Engine.Weights;
using Xunit;
using Autoencoder = PerCo.Engine.Networks.Vae.Vae;
using CodeEncoder = PerCo.Engine.Networks.HyperEncoder.HyperEncoder;
using Denoiser = PerCo.Engine.Networks.UNet.UNet;

namespace PerCo.Engine.Tests.Networks;

/// <summary>
/// The small default model's networks load without a tensor too many or too few: half-precision weights, and attention
/// at other resolutions than in Stable Diffusion.
/// </summary>
public sealed class DefaultModelTests
{
    [Fact]
    public void TheNetworksFitTogether()
    {
        using Backend backend = NetworkBackends.Create("cpu");
        using WeightFolder hyperWeights = Open("hyper_enc", out ConfigReader hyperConfig);
        using WeightFolder unetWeights = Open("unet", out ConfigReader unetConfig);
        using var encoder = new CodeEncoder(backend, HyperEncoderConfig.Read(hyperConfig), hyperWeights);
        using var decoder = new HyperDecoder(backend, encoder.Config, hyperWeights);
        using var unet = new Denoiser(backend, UNetConfig.Read(unetConfig), unetWeights);
        Assert.Equal(encoder.Config.FeatureChannels, unet.LocalChannels);

        using Tensor latent = backend.Upload(
            new Shape(1, 6, 5, 16), [.. Enumerable.Range(0, 480).Select(i => (i / 240f) - 1)]);
        var indices = new int[9];
        using Tensor features = encoder.Encode(latent);
        encoder.Quantize(features, indices);
        using Tensor local = decoder.Lookup(indices, 1, 3, 3);
        using Tensor context = backend.Upload(new Shape(1, 2, 128), new float[256]);
        using UNetConditions conditions = unet.Prepare(context, local, 6, 5);
        using Tensor prediction = unet.Forward(latent, 999, conditions);
        Assert.Equal(latent.Shape, prediction.Shape);
        Assert.All(prediction.ToFloats(), value => Assert.InRange(value, -20, 20));
    }

    [Fact]
    public void TheAutoencoderReturnsWhatItWasGiven()
    {
        using Backend backend = NetworkBackends.Create("cpu");
        using WeightFolder weights = Open("vae", out ConfigReader config);
        using var vae = new Autoencoder(backend, VaeConfig.Read(config), weights);
        float[] values = new float[32 * 24 * 3];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = MathF.Sin(i / 3 % 24 * 0.2f) * 0.7f;
        }

        using Tensor image = backend.Upload(new Shape(1, 32, 24, 3), values);
        using Tensor latent = vae.EncodeMean(image);
        using Tensor decoded = vae.Decode(latent);
        Assert.Equal(new Shape(1, 4, 3, 16), latent.Shape);

        // The autoencoder is lossy, and small; anything wrong in it gives an error of 1 and more.
        Assert.InRange(NetworkCase.Error(values, decoded.ToFloats()), 0, 0.4);
    }

    private static WeightFolder Open(string part, out ConfigReader config)
    {
        string folder = Path.Combine(TestPaths.DefaultModel, part);
        config = ConfigReader.Load(Path.Combine(folder, "config.json"));
        return WeightFolder.Open(folder);
    }
}
