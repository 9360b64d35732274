using PerCo.Engine.Backends;
using PerCo.Engine.Backends.Reference;
using PerCo.Engine.Networks.ClipText;
using PerCo.Engine.Tensors;
using PerCo.Engine.Tests.Backends;
using PerCo.Engine.Tokenizers;
using PerCo.Engine.Weights;
using Xunit;

namespace PerCo.Engine.Tests.Networks.ClipText;

public sealed class ClipTextEncoderTests
{
    private const int Texts = 4;
    private static readonly string Folder = TestPaths.Goldens("text_encoder");
    private static readonly InMemoryWeights Weights =
        NetworkGolden.Copy(NetworkCase.Weights(Path.Combine(Folder, "model", "parameters.json")));

    private static readonly ClipTextConfig Config =
        ClipTextConfig.Read(ConfigReader.Load(Path.Combine(Folder, "model", "config.json")));

    [Theory]
    [InlineData("reference")]
    [InlineData("cpu")]
    public void MatchesTransformers(string name)
    {
        using SafetensorsFile io = SafetensorsFile.Open(Path.Combine(Folder, "io.safetensors"));
        using Backend backend = NetworkBackends.Create(name);
        using var encoder = new ClipTextEncoder(backend, Config, Weights);
        int[] ids = NetworkGolden.Ints(io, "ids")[..(Texts * Config.MaxPositions)];

        using Tensor hidden = encoder.Forward(ids, Texts);

        Assert.Equal(new Shape(Texts, Config.MaxPositions, Config.HiddenSize), hidden.Shape);
        NetworkGolden.Network.Check(NetworkGolden.Floats(io, "hidden"), hidden.ToFloats());
    }

    [Fact]
    public void ATextNeitherSeesItsNeighboursNorWhatFollows()
    {
        using var backend = new ReferenceBackend();
        using var encoder = new ClipTextEncoder(backend, Config, Weights);
        int[] ids = [5, 6, 7, 8, 5, 6, 9, 9];

        using Tensor both = encoder.Forward(ids, 2);
        using Tensor first = encoder.Forward(ids.AsSpan(0, 2));

        float[] all = both.ToFloats(), start = first.ToFloats();
        Tolerance.Sum.Check(start, all.AsSpan(0, start.Length));
        Tolerance.Sum.Check(start, all.AsSpan(all.Length / 2, start.Length));
    }

    [SkippableFact]
    public void MatchesTransformersWithVersion0OfTheDefaultModel()
    {
        Skip.If(TestPaths.Shared is null, "The reference cases of the default model are not beside the repository.");
        using SafetensorsFile io = SafetensorsFile.Open(
            Path.Combine(TestPaths.Shared, "goldens", "mini", "kodim13.safetensors"));
        string model = Path.Combine(TestPaths.Shared, "models", "perco-mini");
        string folder = Path.Combine(model, "text_encoder");
        ClipTextConfig config = ClipTextConfig.Read(ConfigReader.Load(Path.Combine(folder, "config.json")));
        using Backend backend = NetworkBackends.Create("cpu");
        using WeightFolder weights = WeightFolder.Open(folder);
        using var encoder = new ClipTextEncoder(backend, config, weights);
        ClipTokenizer tokenizer = ClipTokenizer.Load(Path.Combine(model, "tokenizer"));

        using Tensor hidden = encoder.Forward(
            tokenizer.Encode("a dog is running through the grass", config.MaxPositions));

        NetworkGolden.Network.Check(NetworkGolden.Floats(io, "text_hidden"), hidden.ToFloats());
    }

    [Fact]
    public void EveryMissingTensorIsNamed()
    {
        using var backend = new ReferenceBackend();
        foreach (string key in Weights.Keys)
        {
            var error = Assert.Throws<PerCoException>(
                () => new ClipTextEncoder(backend, Config, new WithoutTensor(Weights, key)));
            Assert.Contains($"'{key}' is missing", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void TheRestOfAClipModelIsIgnoredAndOtherTensorsAreNot()
    {
        using var backend = new ReferenceBackend();
        InMemoryWeights weights =
            NetworkGolden.Copy(NetworkCase.Weights(Path.Combine(Folder, "model", "parameters.json")));
        foreach (string key in new[]
        {
            "text_model.embeddings.position_ids", "text_projection.weight", "vision_model.pre_layrnorm.weight",
            "visual_projection.weight", "logit_scale", "null_text",
        })
        {
            weights.Add(key, new Shape(1), [0]);
        }

        new ClipTextEncoder(backend, Config, weights).Dispose();

        weights.Add("text_model.encoder.layers.3.mlp.fc1.weight", new Shape(1), [0]);
        var error = Assert.Throws<PerCoException>(() => new ClipTextEncoder(backend, Config, weights));
        Assert.Contains("text_model.encoder.layers.3.mlp.fc1.weight", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void UnusableIdsAreTheCallersMistake()
    {
        using var backend = new ReferenceBackend();
        using var encoder = new ClipTextEncoder(backend, Config, Weights);
        Assert.Throws<ArgumentException>(() => encoder.Forward([]));
        Assert.Throws<ArgumentException>(() => encoder.Forward([1, 2, 3], 2));
        Assert.Throws<ArgumentException>(() => encoder.Forward(new int[Config.MaxPositions + 1]));
        Assert.Throws<ArgumentException>(() => encoder.Forward([Config.VocabularySize]));
        Assert.Throws<ArgumentOutOfRangeException>(() => encoder.Forward([1], 0));
    }

    [Fact]
    public void AForwardPassGivesAllItsMemoryBack()
    {
        using var backend = new ReferenceBackend();
        using var encoder = new ClipTextEncoder(backend, Config, Weights);
        encoder.Forward([1, 2, 3]).Dispose();
        Assert.Equal(0, backend.MemoryInUse);
    }
}
