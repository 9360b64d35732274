using PerCo.Engine.Backends;
using PerCo.Engine.Networks.HyperEncoder;
using PerCo.Engine.Tensors;
using PerCo.Engine.Verification;
using PerCo.Engine.Weights;
using Xunit;
using Network = PerCo.Engine.Networks.HyperEncoder.HyperEncoder;

namespace PerCo.Engine.Tests.Networks.HyperEncoder;

/// <summary>The hyper-encoder against PerCo (SD) over compressai and vector-quantize-pytorch 1.15.3.</summary>
public sealed class HyperEncoderTests
{
    // Where the best two codes are closer than this, fp32 sums in another order may choose the other.
    private const float DecisiveMargin = 1e-4f;

    /// <summary>The published rates, with the shared cases' pictures that have features.</summary>
    public static TheoryData<string, int> Rates => new()
    {
        { "0.1250", 0 }, { "0.0937", 0 }, { "0.0507", 1 }, { "0.0313", 1 }, { "0.0098", 1 }, { "0.0024", 1 },
        { "0.0019", 1 },
    };

    [Theory]
    [InlineData("reference")]
    [InlineData("cpu")]
    public void CodesAreLikePerCoSds(string name)
    {
        using NetworkCase golden = NetworkCase.Open("hyper_enc/io.safetensors");
        using Backend backend = NetworkBackends.Create(name);
        const string Model = "hyper_enc/model-0.0019";
        HyperEncoderConfig config = HyperEncoderConfig.Read(
            ConfigReader.Load(TestPaths.Goldens($"{Model}/config.json")));
        var weights = NetworkCase.Weights(TestPaths.Goldens($"{Model}/parameters.json"));
        Check(golden, backend, config, weights, "0.0019", 1, NetworkBackends.ToleranceOf(backend));
    }

    [SkippableTheory]
    [MemberData(nameof(Rates))]
    public void AllRatesAreLikePerCoSds(string rate, int index)
    {
        using NetworkCase golden = NetworkCase.OpenShared("hyper_enc/io.safetensors");
        using Backend backend = NetworkBackends.Create("cpu");
        string model = NetworkCase.SharedPath($"hyper_enc/model-{rate}");
        HyperEncoderConfig config = HyperEncoderConfig.Read(ConfigReader.Load(Path.Combine(model, "config.json")));
        string parameters = Path.Combine(model, "parameters.json");
        if (File.Exists(parameters))
        {
            var weights = NetworkCase.Weights(parameters);
            Check(golden, backend, config, weights, rate, index, NetworkBackends.Tolerance);
        }
        else
        {
            using WeightFolder weights = WeightFolder.Open(model);
            Check(golden, backend, config, weights, rate, index, NetworkBackends.Tolerance);
        }
    }

    [Fact]
    public void ABatchGivesWhatItsPicturesGive()
    {
        using Backend backend = NetworkBackends.Create("cpu");
        (HyperEncoderConfig config, SyntheticWeights weights) = Small();
        using var encoder = new Network(backend, config, weights);
        using var decoder = new HyperDecoder(backend, config, weights);
        float[] values = Values(2 * 9 * 7 * 4);
        using Tensor pair = backend.Upload(new Shape(2, 9, 7, 4), values);
        using Tensor second = backend.Upload(new Shape(1, 9, 7, 4), values.AsSpan(values.Length / 2));

        int height = config.GridExtent(9), width = config.GridExtent(7), count = height * width;
        Assert.Equal((2, 1), (height, width));
        var indices = new int[2 * count];
        var alone = new int[count];
        using (Tensor features = encoder.Encode(pair))
        {
            Assert.Equal(new Shape(2, height, width, config.FeatureChannels), features.Shape);
            encoder.Quantize(features, indices);
        }

        using (Tensor features = encoder.Encode(second))
        {
            encoder.Quantize(features, alone);
        }

        Assert.Equal(alone, indices[count..]);
        using Tensor both = decoder.Lookup(indices, 2, height, width);
        using Tensor one = decoder.Lookup(alone, 1, height, width);
        Assert.Equal(one.ToFloats(), both.ToFloats()[(int)one.Shape.Count..]);
    }

    [Fact]
    public void DecodingNeedsTheCodesAndOneMatrixOnly()
    {
        using Backend backend = NetworkBackends.Create("cpu");
        (HyperEncoderConfig config, SyntheticWeights all) = Small();
        var weights = new EditedWeights(all);
        weights.RemoveWhere(key => !key.Contains("embed") && !key.Contains("project_out"));

        using var decoder = new HyperDecoder(backend, config, weights);
        using Tensor features = decoder.Lookup([0, 255], 1, 1, 2);
        Assert.Equal(new Shape(1, 1, 2, config.FeatureChannels), features.Shape);
        Assert.Throws<PerCoException>(() => new Network(backend, config, weights));
        Assert.Throws<ArgumentException>(() => decoder.Lookup([0, 256], 1, 1, 2));
        Assert.Throws<ArgumentException>(() => decoder.Lookup([0, -1], 1, 1, 2));
        Assert.Throws<ArgumentException>(() => decoder.Lookup([0], 1, 1, 2));
    }

    [Fact]
    public void CodesAsLongAsFeaturesNeedNoMatrices()
    {
        using Backend backend = NetworkBackends.Create("cpu");
        var config = new HyperEncoderConfig { FeatureChannels = 2, CodebookDim = 2, CodebookSize = 3 };
        var weights = new InMemoryWeights("codes");
        weights.Add("quantizer._codebook.embed", new Shape(1, 3, 2), [1, 0, 0, 1, 0.6f, 0.8f]);
        using var decoder = new HyperDecoder(backend, config, weights);
        using Tensor features = decoder.Lookup([2, 0], 1, 2, 1);
        Assert.Equal([0.6f, 0.8f, 1, 0], features.ToFloats());
    }

    private static (HyperEncoderConfig Config, SyntheticWeights Weights) Small() => (
        HyperEncoderConfig.Read(ConfigReader.Load(TestPaths.Goldens("hyper_enc/model-0.0019/config.json"))),
        NetworkCase.Weights(TestPaths.Goldens("hyper_enc/model-0.0019/parameters.json")));

    private static float[] Values(int count) =>
        Engine.Verification.SyntheticTensors.Tensor("hyper-encoder batch", new Shape(count));

    private static void Check(
        NetworkCase golden, Backend backend, HyperEncoderConfig config, IWeightSource weights, string rate, int index,
        double tolerance)
    {
        using var encoder = new Network(backend, config, weights);
        using var decoder = new HyperDecoder(backend, config, weights);
        using Tensor latent = golden.Upload(backend, $"{rate}.z{index}");
        int height = config.GridExtent(latent.Shape.Height), width = config.GridExtent(latent.Shape.Width);

        // 1. Features
        using Tensor features = encoder.Encode(latent);
        Assert.InRange(golden.Error($"{rate}.features{index}", features), 0, tolerance);

        // 2. Codes, equal wherever the choice is not close
        var indices = new int[height * width];
        var margins = new float[indices.Length];
        encoder.Quantize(features, indices, margins);
        long[] expected = golden[$"{rate}.indices{index}"].ToInt64s();
        float[] expectedMargins = golden[$"{rate}.margin{index}"].ToFloats();
        for (int i = 0; i < indices.Length; i++)
        {
            Assert.True(
                indices[i] == expected[i] || expectedMargins[i] < DecisiveMargin,
                $"{rate}, code {i}: {indices[i]}, expected {expected[i]} by {expectedMargins[i]}.");
            Assert.InRange(margins[i], expectedMargins[i] - DecisiveMargin, expectedMargins[i] + DecisiveMargin);
        }

        // 3. Features of the codes
        using Tensor quantised = decoder.Lookup(Array.ConvertAll(expected, e => (int)e), 1, height, width);
        Assert.InRange(golden.Error($"{rate}.z_hat{index}", quantised), 0, tolerance);
    }
}
