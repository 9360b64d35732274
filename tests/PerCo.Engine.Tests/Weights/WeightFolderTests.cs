using PerCo.Engine.Tensors;
using PerCo.Engine.Tests.Networks;
using PerCo.Engine.Weights;
using Xunit;

namespace PerCo.Engine.Tests.Weights;

public sealed class WeightFolderTests : IDisposable
{
    private const string Index = "model.safetensors.index.json";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("diffusion_pytorch_model.safetensors")]
    [InlineData("model.safetensors")]
    [InlineData("diffusion_pytorch_model.fp16.safetensors")]
    [InlineData("model.bf16.safetensors")]
    [InlineData("diffusion_pytorch_model.non_ema.safetensors")]
    public void OpensASingleFile(string name)
    {
        _folder.OneByteTensors(name, "a", "b");
        using WeightFolder weights = WeightFolder.Open(_folder.Path);
        Assert.True(WeightFolder.Exists(_folder.Path));
        Assert.Equal(["a", "b"], weights.Keys.Order(StringComparer.Ordinal));
        Assert.EndsWith(name, weights.Name, StringComparison.Ordinal);
        Assert.True(weights.TryGet("b", out HostTensor? b));
        Assert.Equal(1, b.Bytes.Span[0]);
        Assert.False(weights.TryGet("c", out _));
    }

    [Fact]
    public void OpensShards()
    {
        _folder.OneByteTensors("model-1.safetensors", "a", "b");
        _folder.OneByteTensors("model-2.safetensors", "c");
        _folder.Text(Index, """
            {"metadata": {"total_size": 3}, "weight_map":
             {"a": "model-1.safetensors", "c": "model-2.safetensors", "b": "model-1.safetensors"}}
            """);
        using WeightFolder weights = WeightFolder.Open(_folder.Path);
        Assert.Equal(["a", "b", "c"], weights.Keys.Order(StringComparer.Ordinal));
        Assert.True(weights.TryGet("b", out HostTensor? b));
        Assert.Equal(1, b.Bytes.Span[0]);
    }

    [Theory]
    [InlineData("model.safetensors.index.fp16.json")]
    [InlineData("model.fp16.safetensors.index.json")]
    [InlineData("diffusion_pytorch_model.safetensors.index.bf16.json")]
    public void OpensShardsOfAVariant(string index)
    {
        _folder.OneByteTensors("model.fp16-00001-of-00002.safetensors", "a");
        _folder.OneByteTensors("model.fp16-00002-of-00002.safetensors", "b");
        _folder.Text(index, """
            {"weight_map":
             {"a": "model.fp16-00001-of-00002.safetensors", "b": "model.fp16-00002-of-00002.safetensors"}}
            """);
        using WeightFolder weights = WeightFolder.Open(_folder.Path);
        Assert.Equal(["a", "b"], weights.Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void OfSeveralVariantsNoneIsGuessed()
    {
        _folder.OneByteTensors("model.bf16.safetensors", "a");
        _folder.OneByteTensors("model.non_ema.safetensors", "a");
        var error = Assert.Throws<PerCoException>(() => WeightFolder.Open(_folder.Path));
        Assert.Contains("model.bf16.safetensors, model.non_ema.safetensors", error.Message, StringComparison.Ordinal);

        // fp16 is what readers of variants mean, and the plain name comes first.
        _folder.OneByteTensors("model.fp16.safetensors", "b");
        using (WeightFolder half = WeightFolder.Open(_folder.Path))
        {
            Assert.Equal(["b"], half.Keys);
        }

        _folder.OneByteTensors("model.safetensors", "c");
        using WeightFolder plain = WeightFolder.Open(_folder.Path);
        Assert.Equal(["c"], plain.Keys);
    }

    [Theory]
    [InlineData("""{"a": "model-1.safetensors", "x": "model-1.safetensors"}""", "tensor 'x' should lie in model-1")]
    [InlineData("""{"a": "model-1.safetensors"}""", "tensor 'b' is not what")]
    [InlineData("""{"a": "../model-1.safetensors"}""", "'weight_map.a' is '../model-1.safetensors'")]
    [InlineData("""{"a": "..\\model-1.safetensors"}""", "'weight_map.a'")]
    [InlineData("""{"a": "C:model-1.safetensors"}""", "'weight_map.a'")]
    [InlineData("""{"a": "/etc/model-1.safetensors"}""", "'weight_map.a'")]
    [InlineData("""{"a": "pytorch_model.bin"}""", "'weight_map.a'")]
    [InlineData("""{"a": 3}""", "'weight_map.a' is 3, expected a text")]
    [InlineData("""{"a": "absent.safetensors"}""", "absent.safetensors: cannot be read")]
    [InlineData("{}", "names no tensors")]
    public void DisagreementOfIndexAndShardsIsExplained(string map, string expected)
    {
        _folder.OneByteTensors("model-1.safetensors", "a", "b");
        _folder.Text(Index, $"{{\"weight_map\": {map}}}");
        PerCoException e = Assert.Throws<PerCoException>(() => WeightFolder.Open(_folder.Path));
        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ATensorInTwoShardsIsAnError()
    {
        _folder.OneByteTensors("model-1.safetensors", "a", "b");
        _folder.OneByteTensors("model-2.safetensors", "b");
        _folder.OneByteTensors("model-3.safetensors", "c");
        _folder.Text(Index, """
            {"weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors", "c": "model-3.safetensors"}}
            """);
        PerCoException e = Assert.Throws<PerCoException>(() => WeightFolder.Open(_folder.Path));
        Assert.Contains("model-1.safetensors: tensor 'b'", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void OtherFormatsAreSentToTheConverter()
    {
        _folder.Bytes("pytorch_model.bin", 1);
        PerCoException e = Assert.Throws<PerCoException>(() => WeightFolder.Open(_folder.Path));
        Assert.Contains("only pytorch_model.bin", e.Message, StringComparison.Ordinal);
        Assert.Contains("weights-converter", e.Message, StringComparison.Ordinal);
        Assert.False(WeightFolder.Exists(_folder.Path));
    }

    [Fact]
    public void AnEmptyAndAMissingFolderAreErrors()
    {
        PerCoException empty = Assert.Throws<PerCoException>(() => WeightFolder.Open(_folder.Path));
        Assert.Contains("no weights", empty.Message, StringComparison.Ordinal);
        string absent = Path.Combine(_folder.Path, "absent");
        PerCoException missing = Assert.Throws<PerCoException>(() => WeightFolder.Open(absent));
        Assert.StartsWith($"{absent}: no such folder", missing.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AScopeReadsBelowItsName()
    {
        var weights = new InMemoryWeights("test");
        weights.Add("a.weight", new Shape(2), [1, 2]);
        HostTensor tensor = new WeightScope(weights)["a"].Get("weight", new Shape(2));
        Assert.Equal([1f, 2f], tensor.ToFloats());
        Assert.Throws<PerCoException>(() => new WeightScope(weights)["a"].Get("bias"));
        Assert.Throws<PerCoException>(() => new WeightScope(weights).RequireAllUsed());
    }
}
