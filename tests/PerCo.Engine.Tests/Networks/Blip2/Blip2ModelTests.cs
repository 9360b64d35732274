using PerCo.Engine.Backends;
using PerCo.Engine.Backends.Reference;
using PerCo.Engine.Networks.Blip2;
using PerCo.Engine.Tensors;
using PerCo.Engine.Tests.Backends;
using PerCo.Engine.Weights;
using Xunit;

namespace PerCo.Engine.Tests.Networks.Blip2;

public sealed class Blip2ModelTests
{
    private const string Embedding = "language_model.model.decoder.embed_tokens.weight";
    private const string Head = "language_model.lm_head.weight";

    [Theory]
    [InlineData("reference")]
    [InlineData("cpu")]
    public void EveryStageMatchesTransformers(string name)
    {
        using SafetensorsFile io = Blip2Case.OpenArrays();
        using Backend backend = NetworkBackends.Create(name);
        using var model = new Blip2Model(backend, Blip2Case.Config, Blip2Case.Weights);

        using Tensor pixels = NetworkGolden.Upload(backend, io, "pixels0");
        using Tensor picture = model.Look(pixels);
        using Tensor queries = model.Query(picture);
        using Tensor prefix = model.Project(queries);
        int[] tokens = NetworkGolden.Ints(io, "tokens0");

        NetworkGolden.Network.Check(NetworkGolden.Floats(io, "vision0"), picture.ToFloats());
        NetworkGolden.Network.Check(NetworkGolden.Floats(io, "qformer0"), queries.ToFloats());
        NetworkGolden.Network.Check(NetworkGolden.Floats(io, "prefix0"), prefix.ToFloats());
        NetworkGolden.Network.Check(NetworkGolden.Floats(io, "scores0"), model.Score(prefix, tokens));

        // The reference's smallest gap between two logits is 3e-3, a hundred times our error.
        Assert.Equal(tokens, model.Generate(prefix, tokens.Length));
    }

    [SkippableTheory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void AShardedCheckpointMatchesTransformers(int picture)
    {
        Skip.If(TestPaths.Shared is null, "The whole reference case is not beside the repository.");
        string folder = Path.Combine(TestPaths.Shared, "goldens", "blip2");
        using SafetensorsFile io = SafetensorsFile.Open(Path.Combine(folder, "io.safetensors"));
        using WeightFolder weights = WeightFolder.Open(Path.Combine(folder, "model"));
        using Backend backend = NetworkBackends.Create("cpu");
        using var model = new Blip2Model(backend, Blip2Case.Config, weights);
        using Tensor pixels = NetworkGolden.Upload(backend, io, $"pixels{picture}");
        using Tensor prefix = model.Prefix(pixels);
        int[] tokens = NetworkGolden.Ints(io, $"tokens{picture}");

        NetworkGolden.Network.Check(NetworkGolden.Floats(io, $"prefix{picture}"), prefix.ToFloats());
        NetworkGolden.Network.Check(NetworkGolden.Floats(io, $"scores{picture}"), model.Score(prefix, tokens));
        Assert.Equal(tokens, model.Generate(prefix, tokens.Length));
    }

    [Fact]
    public void PicturesOfABatchDoNotMix()
    {
        using var backend = new ReferenceBackend();
        using SafetensorsFile io = Blip2Case.OpenArrays();
        using var model = new Blip2Model(backend, Blip2Case.Config, Blip2Case.Weights);
        using Tensor first = NetworkGolden.Upload(backend, io, "pixels0");
        float[] one = first.ToFloats(), other = Array.ConvertAll(one, v => -v);
        using Tensor both = backend.Upload(new Shape(2, 56, 56, 3), [.. other, .. one]);

        using Tensor prefixes = model.Prefix(both);

        float[] values = prefixes.ToFloats();
        NetworkGolden.Network.Check(NetworkGolden.Floats(io, "prefix0"), values.AsSpan(values.Length / 2));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    public void TheLengthCountsTheStartToken(int length)
    {
        using SafetensorsFile io = Blip2Case.OpenArrays();
        using var backend = new ReferenceBackend();
        using var model = new Blip2Model(backend, Blip2Case.Config, Blip2Case.Weights);
        using Tensor prefix = Prefix(backend, io);
        Assert.Equal(NetworkGolden.Ints(io, "tokens0")[..length], model.Generate(prefix, length));
    }

    [Fact]
    public void AnEndTokenEndsTheCaptionAndIsKept()
    {
        using SafetensorsFile io = Blip2Case.OpenArrays();
        using var backend = new ReferenceBackend();
        int[] tokens = NetworkGolden.Ints(io, "tokens0");
        int end = Array.FindIndex(tokens, t => t != tokens[0] && t != tokens[1]);
        OptConfig text = Blip2Case.Config.Text with { EosIds = [599, tokens[end]] };
        using var model = new Blip2Model(backend, Blip2Case.Config with { Text = text }, Blip2Case.Weights);
        using Tensor prefix = Prefix(backend, io);
        Assert.Equal(tokens[..(end + 1)], model.Generate(prefix, tokens.Length));
    }

    [Fact]
    public void AnUntiedMatrixOfLogitsIsRead()
    {
        using SafetensorsFile io = Blip2Case.OpenArrays();
        using var backend = new ReferenceBackend();
        OptConfig text = Blip2Case.Config.Text with { TiedEmbeddings = false };
        InMemoryWeights weights = Blip2Case.NewWeights();
        HostTensor matrix = NetworkGolden.Get(weights, Head);
        weights.Add(Embedding, matrix);
        weights.Add(Head, matrix.Shape, Array.ConvertAll(matrix.ToFloats(), v => 2 * v));

        using var model = new Blip2Model(backend, Blip2Case.Config with { Text = text }, weights);

        using Tensor prefix = Prefix(backend, io);
        float[] expected = Array.ConvertAll(NetworkGolden.Floats(io, "scores0"), v => 2 * v);
        NetworkGolden.Network.Check(expected, model.Score(prefix, NetworkGolden.Ints(io, "tokens0")));
        var error = Assert.Throws<PerCoException>(() => new Blip2Model(
            backend, Blip2Case.Config with { Text = text }, new WithoutTensor(weights, Head)));
        Assert.Contains($"'{Head}' is missing", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ATiedMatrixNeedsNoCopy()
    {
        using SafetensorsFile io = Blip2Case.OpenArrays();
        using var backend = new ReferenceBackend();
        InMemoryWeights weights = Blip2Case.NewWeights();
        weights.Add(Embedding, NetworkGolden.Get(weights, Head));
        using var model = new Blip2Model(backend, Blip2Case.Config, new WithoutTensor(weights, Head));
        using Tensor prefix = Prefix(backend, io);
        NetworkGolden.Network.Check(
            NetworkGolden.Floats(io, "scores0"), model.Score(prefix, NetworkGolden.Ints(io, "tokens0")));
    }

    [Fact]
    public void ProjectionsWithoutBiasAreThoseWithZeros()
    {
        using SafetensorsFile io = Blip2Case.OpenArrays();
        using var backend = new ReferenceBackend();
        InMemoryWeights zeros = Blip2Case.NewWeights(), none = new("none");
        foreach (string key in Blip2Case.Weights.Keys)
        {
            HostTensor tensor = NetworkGolden.Get(zeros, key);
            if (key.EndsWith(".qkv.bias", StringComparison.Ordinal))
            {
                zeros.Add(key, tensor.Shape, new float[tensor.Shape.Count]);
            }
            else
            {
                none.Add(key, tensor);
            }
        }

        VisionConfig vision = Blip2Case.Config.Vision with { QkvBias = false };
        using var with = new Blip2Model(backend, Blip2Case.Config, zeros);
        using var without = new Blip2Model(backend, Blip2Case.Config with { Vision = vision }, none);
        using Tensor pixels = NetworkGolden.Upload(backend, io, "pixels0");
        using Tensor expected = with.Look(pixels);
        using Tensor actual = without.Look(pixels);
        Tolerance.Exact.Check(expected.ToFloats(), actual.ToFloats());
    }

    [Fact]
    public void WithoutAFinalNormItsTensorsAreLeftOver()
    {
        using var backend = new ReferenceBackend();
        OptConfig text = Blip2Case.Config.Text with { FinalNorm = false };
        var error = Assert.Throws<PerCoException>(
            () => new Blip2Model(backend, Blip2Case.Config with { Text = text }, Blip2Case.Weights));
        Assert.Contains("2 unused", error.Message, StringComparison.Ordinal);
        Assert.Contains("decoder.final_layer_norm.bias", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ATensorThatNothingReadsIsNamed()
    {
        using var backend = new ReferenceBackend();
        InMemoryWeights weights = Blip2Case.NewWeights();
        weights.Add("language_model.model.decoder.version", new Shape(1), [0]);
        new Blip2Model(backend, Blip2Case.Config, weights).Dispose();
        weights.Add("language_model.encoder.weight", new Shape(1), [0]);
        var error = Assert.Throws<PerCoException>(() => new Blip2Model(backend, Blip2Case.Config, weights));
        Assert.Contains("'language_model.encoder.weight'", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Head)]
    [InlineData(Embedding)]
    public void ATiedMatrixIsFoundUnderEitherName(string missing)
    {
        using var backend = new ReferenceBackend();
        var weights = new WithoutTensor(Blip2Case.Weights, missing);
        new Blip2Model(backend, Blip2Case.Config, weights).Dispose();
        OptConfig untied = Blip2Case.Config.Text with { TiedEmbeddings = false };
        var error = Assert.Throws<PerCoException>(
            () => new Blip2Model(backend, Blip2Case.Config with { Text = untied }, weights));
        Assert.Contains($"'{missing}' is missing", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void EveryMissingTensorIsNamed()
    {
        using var backend = new ReferenceBackend();
        foreach (string key in Blip2Case.Weights.Keys.Where(k => k is not (Head or Embedding)))
        {
            var error = Assert.Throws<PerCoException>(
                () => new Blip2Model(backend, Blip2Case.Config, new WithoutTensor(Blip2Case.Weights, key)));
            Assert.Contains($"'{key}' is missing", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void UnusableOperandsAreTheCallersMistake()
    {
        using var backend = new ReferenceBackend();
        using var model = new Blip2Model(backend, Blip2Case.Config, Blip2Case.Weights);
        using Tensor pixels = backend.Allocate(new Shape(1, 56, 55, 3));
        using Tensor prefix = backend.Upload(new Shape(1, 8, 48), new float[8 * 48]);
        using Tensor two = backend.Upload(new Shape(2, 8, 48), new float[2 * 8 * 48]);
        Assert.Equal(64 - 8 + 1, model.MaxLength);
        Assert.Throws<ArgumentException>(() => model.Look(pixels));
        Assert.Throws<ArgumentException>(() => model.Generate(prefix, 0));
        Assert.Throws<ArgumentException>(() => model.Generate(prefix, model.MaxLength + 1));
        Assert.Throws<ArgumentException>(() => model.Generate(two, 5));
        Assert.Throws<ArgumentException>(() => model.Score(prefix, []));
        Assert.Throws<ArgumentException>(() => model.Score(prefix, [2, 600, 3]));

        // The whole length has positions.
        Assert.Equal(model.MaxLength, model.Generate(prefix, model.MaxLength).Length);
        Assert.Throws<OperationCanceledException>(() => model.Generate(prefix, 5, new CancellationToken(true)));
    }

    [Fact]
    public void NonsenseIsAnErrorAndNoCaption()
    {
        using var backend = new ReferenceBackend();
        using var model = new Blip2Model(backend, Blip2Case.Config, Blip2Case.Weights);
        var values = new float[8 * 48];
        values[17] = float.NaN;
        using Tensor prefix = backend.Upload(new Shape(1, 8, 48), values);
        var error = Assert.Throws<PerCoException>(() => model.Generate(prefix, 5));
        Assert.Contains("captioner", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ACaptionGivesAllItsMemoryBack()
    {
        using SafetensorsFile io = Blip2Case.OpenArrays();
        using var backend = new ReferenceBackend();
        using var model = new Blip2Model(backend, Blip2Case.Config, Blip2Case.Weights);
        using (Tensor prefix = Prefix(backend, io))
        {
            model.Generate(prefix, 5);
        }

        Assert.Equal(0, backend.MemoryInUse);
    }

    private static Tensor Prefix(Backend backend, SafetensorsFile io) =>
        backend.Upload(NetworkGolden.Get(io, "prefix0").Shape, NetworkGolden.Floats(io, "prefix0"));
}
