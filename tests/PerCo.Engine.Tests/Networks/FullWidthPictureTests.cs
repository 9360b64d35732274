using PerCo.Engine.Backends;
using PerCo.Engine.Networks.HyperEncoder;
using PerCo.Engine.Networks.UNet;
using PerCo.Engine.Networks.Vae;
using PerCo.Engine.Tensors;
using PerCo.Engine.Verification;
using PerCo.Engine.Weights;
using Xunit;
using Autoencoder = PerCo.Engine.Networks.Vae.Vae;
using CodeEncoder = PerCo.Engine.Networks.HyperEncoder.HyperEncoder;
using Denoiser = PerCo.Engine.Networks.UNet.UNet;

namespace PerCo.Engine.Tests.Networks;

/// <summary>
/// The networks on pictures and latents at Stable Diffusion 2.1's width, with synthetic weights. They take gigabytes
/// and up to minutes, so they run where the environment variable PERCO_FULL_TESTS is 1.
/// </summary>
public sealed class FullWidthPictureTests
{
    [SkippableTheory]
    [InlineData(0, 951, 64, 64, 32, 32)]
    [InlineData(1, 301, 32, 48, 4, 6)]
    public void UNet(int index, int timestep, int height, int width, int localHeight, int localWidth)
    {
        using NetworkCase golden = Open("unet");
        using Backend backend = NetworkBackends.Create("cpu");
        UNetConfig config = UNetConfig.Read(Config("unet/model"));
        using var unet = new Denoiser(backend, config, Weights("unet/model"));
        using Tensor sample = Input(backend, $"full.unet.sample{index}", 1.7f, 1, 4, height, width);
        using Tensor context = Input(backend, $"full.unet.context{index}", 1.7f, 1, 77, 1024);
        using Tensor local = Input(backend, $"full.unet.local{index}", 1, 1, 320, localHeight, localWidth);
        using UNetConditions conditions = unet.Prepare(context, local, height, width);
        using Tensor prediction = unet.Forward(sample, timestep, conditions);
        Assert.InRange(golden.Error($"out{index}", prediction), 0, NetworkBackends.Tolerance);
    }

    [SkippableFact]
    public void Vae()
    {
        using NetworkCase golden = Open("vae");
        using Backend backend = NetworkBackends.Create("cpu");
        using var vae = new Autoencoder(backend, VaeConfig.Read(Config("vae/model")), Weights("vae/model"));
        using Tensor image = Input(backend, "full.vae.image", 1, 1, 3, 256, 320);
        using Tensor mean = vae.EncodeMean(image);
        Assert.InRange(golden.Error("mean", mean), 0, NetworkBackends.Tolerance);

        using Tensor latent = Input(backend, "full.vae.latent", 4, 1, 4, 32, 40);
        using Tensor decoded = vae.Decode(latent);
        Assert.InRange(golden.Error("decoded", decoded), 0, NetworkBackends.Tolerance);
    }

    [SkippableTheory]
    [InlineData("0.0019", 8, 12)]
    [InlineData("0.0313", 32, 48)]
    public void HyperEncoder(string rate, int height, int width)
    {
        using NetworkCase golden = Open("hyper_enc");
        using Backend backend = NetworkBackends.Create("cpu");
        string model = $"hyper_enc/model-{rate}";
        using var encoder = new CodeEncoder(backend, HyperEncoderConfig.Read(Config(model)), Weights(model));
        using Tensor latent = Input(backend, $"full.hyper.{rate}", 1.5f, 1, 4, 64, 96);
        using Tensor features = encoder.Encode(latent);
        Assert.Equal(new Shape(1, height, width, 320), features.Shape);

        // Every fourth row and column.
        int rows = height / 4, columns = width / 4, channels = features.Shape.Channels;
        float[] values = features.ToFloats();
        var kept = new float[rows * columns * channels];
        for (int i = 0; i < rows * columns; i++)
        {
            int position = (i / columns * 4 * width) + (i % columns * 4);
            values.AsSpan(position * channels, channels).CopyTo(kept.AsSpan(i * channels));
        }

        using Tensor sparse = backend.Upload(new Shape(1, rows, columns, channels), kept);
        Assert.InRange(golden.Error($"{rate}.features", sparse), 0, NetworkBackends.Tolerance);

        var indices = new int[height * width];
        encoder.Quantize(features, indices);
        long[] expected = golden[$"{rate}.indices"].ToInt64s();
        float[] margins = golden[$"{rate}.margin"].ToFloats();
        for (int i = 0; i < indices.Length; i++)
        {
            Assert.True(indices[i] == expected[i] || margins[i] < 1e-4, $"Code {i}: {indices[i]}, not {expected[i]}.");
        }
    }

    private static NetworkCase Open(string network)
    {
        Skip.If(
            Environment.GetEnvironmentVariable("PERCO_FULL_TESTS") != "1",
            "Full width takes gigabytes and minutes; set PERCO_FULL_TESTS=1 to run it.");
        return NetworkCase.OpenShared($"full/{network}/io.safetensors");
    }

    private static ConfigReader Config(string model) =>
        ConfigReader.Load(NetworkCase.SharedPath($"full/{model}/config.json"));

    private static SyntheticWeights Weights(string model) =>
        NetworkCase.Weights(NetworkCase.SharedPath($"full/{model}/parameters.json"));

    private static Tensor Input(Backend backend, string name, float scale, params ReadOnlySpan<int> extents)
    {
        var shape = new Shape(extents);
        return NetworkCase.Upload(backend, shape, NetworkCase.Input(name, shape, scale));
    }
}
