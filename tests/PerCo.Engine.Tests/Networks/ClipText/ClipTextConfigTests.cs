using System.Text;
using PerCo.Engine.Networks.ClipText;
using PerCo.Engine.Tensors.Ops;
using PerCo.Engine.Weights;
using Xunit;

namespace PerCo.Engine.Tests.Networks.ClipText;

public sealed class ClipTextConfigTests
{
    [Fact]
    public void MissingFieldsAreThoseOfTransformers()
    {
        ClipTextConfig config = Read("{}");
        Assert.Equal(new ClipTextConfig(), config);
        Assert.Equal(
            (49408, 512, 2048, 12, 8, 77, Activation.QuickGelu, 1e-5f),
            (config.VocabularySize, config.HiddenSize, config.IntermediateSize, config.Layers, config.Heads,
                config.MaxPositions, config.Activation, config.LayerNormEpsilon));
    }

    [Fact]
    public void AWholeClipModelHasASectionForTheText()
    {
        ClipTextConfig config = Read("""
            {"model_type": "clip", "hidden_size": 7, "text_config": {"hidden_size": 768, "num_attention_heads": 12}}
            """);
        Assert.Equal((768, 12), (config.HiddenSize, config.Heads));
    }

    [Theory]
    [InlineData("gelu", Activation.Gelu)]
    [InlineData("quick_gelu", Activation.QuickGelu)]
    public void Activations(string name, Activation expected) =>
        Assert.Equal(expected, Read($$"""{"hidden_act": "{{name}}"}""").Activation);

    [Theory]
    [InlineData("""{"hidden_act": "gelu_new"}""", "field 'hidden_act' is 'gelu_new'")]
    [InlineData("""{"text_config": {"hidden_act": "mish"}}""", "field 'text_config.hidden_act' is 'mish'")]
    [InlineData("""{"num_attention_heads": 7}""", "field 'num_attention_heads' is 7, expected a divisor")]
    [InlineData("""{"hidden_size": 0}""", "field 'hidden_size' is 0")]
    [InlineData("""{"num_hidden_layers": 100000000}""", "field 'num_hidden_layers'")]
    [InlineData("""{"layer_norm_eps": -1}""", "field 'layer_norm_eps'")]
    public void OtherValuesAreRefusedByName(string json, string expected)
    {
        var error = Assert.Throws<PerCoException>(() => Read(json));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    private static ClipTextConfig Read(string json) =>
        ClipTextConfig.Read(ConfigReader.Parse("config.json", Encoding.UTF8.GetBytes(json)));
}
