using System.Text;
using PerCo.Engine.Networks.Blip2;
using PerCo.Engine.Tensors.Ops;
using PerCo.Engine.Weights;
using Xunit;

namespace PerCo.Engine.Tests.Networks.Blip2;

public sealed class Blip2ConfigTests
{
    [Fact]
    public void MissingFieldsAreThoseOfTransformers()
    {
        Blip2Config config = Read("{}");
        VisionConfig v = config.Vision;
        QFormerConfig q = config.QFormer;
        OptConfig t = config.Text;
        Assert.Equal(32, config.QueryTokens);
        Assert.Equal(
            (1408, 6144, 39, 16, 224, 14, Activation.Gelu, 1e-6f, true),
            (v.HiddenSize, v.IntermediateSize, v.Layers, v.Heads, v.ImageSize, v.PatchSize, v.Activation,
                v.LayerNormEpsilon, v.QkvBias));
        Assert.Equal(256, v.Patches);
        Assert.Equal(
            (768, 3072, 12, 12, 1408, 2, Activation.Gelu, 1e-12f),
            (q.HiddenSize, q.IntermediateSize, q.Layers, q.Heads, q.EncoderHiddenSize, q.CrossAttentionFrequency,
                q.Activation, q.LayerNormEpsilon));
        Assert.Equal(
            (50272, 768, 3072, 12, 12, 2048, Activation.Relu, 2),
            (t.VocabularySize, t.HiddenSize, t.IntermediateSize, t.Layers, t.Heads, t.MaxPositions, t.Activation,
                t.BosId));
        Assert.True(t.NormBefore && t.FinalNorm && t.Bias && t.TiedEmbeddings);
        Assert.Equal([2], t.EosIds);
    }

    [Fact]
    public void TheDefaultModelsSections()
    {
        Blip2Config config = Blip2Config.Read(ConfigReader.Load(
            Path.Combine(TestPaths.DefaultModel, "captioner", "config.json")));
        Assert.Equal((128, 6, 16, 224), (
            config.Vision.HiddenSize, config.Vision.Layers, config.Vision.PatchSize, config.Vision.ImageSize));
        Assert.Equal((8, 2, 80), (config.QueryTokens, config.QFormer.Layers, config.Text.MaxPositions));
    }

    [Fact]
    public void TheQFormerReadsWhatTheVisionTransformerWrites() => Assert.Equal(48, Read("""
        {"vision_config": {"hidden_size": 48}, "qformer_config": {"encoder_hidden_size": 999}}
        """).QFormer.EncoderHiddenSize);

    [Theory]
    [InlineData("""{"text_config": {"eos_token_id": 50118}}""", """{"eos_token_id": 2}""", new[] { 50118 })]
    [InlineData("{}", """{"eos_token_id": [3, 4]}""", new[] { 3, 4 })]
    [InlineData("{}", "{}", new[] { 2 })]
    public void EndTokens(string config, string generation, int[] expected) =>
        Assert.Equal(expected, Read(config, generation).Text.EosIds);

    [Theory]
    [InlineData("""{"do_layer_norm_before": false}""", false, false)]
    [InlineData("""{"_remove_final_layer_norm": true}""", true, false)]
    [InlineData("{}", true, true)]
    public void Norms(string text, bool before, bool final)
    {
        OptConfig config = Read($$"""{"text_config": {{text}}}""").Text;
        Assert.Equal((before, final), (config.NormBefore, config.FinalNorm));
    }

    [Theory]
    [InlineData("""{"model_type": "blip"}""", "'model_type' is 'blip'")]
    [InlineData("""{"text_config": {"model_type": "t5"}}""", "'text_config.model_type' is 't5', expected opt")]
    [InlineData("""{"text_config": {"activation_function": "gelu_new"}}""", "'text_config.activation_function'")]
    [InlineData("""{"text_config": {"word_embed_proj_dim": 512}}""", "'text_config.word_embed_proj_dim' is 512")]
    [InlineData("""{"text_config": {"layer_norm_elementwise_affine": false}}""", "layer_norm_elementwise_affine")]
    [InlineData("""{"text_config": {"num_beams": 5}}""", "'text_config.num_beams' is 5")]
    [InlineData("""{"text_config": {"do_sample": true}}""", "'text_config.do_sample'")]
    [InlineData("""{"text_config": {"bad_words_ids": [[1]]}}""", "'text_config.bad_words_ids'")]
    [InlineData("""{"text_config": {"eos_token_id": 50272}}""", "'text_config.eos_token_id'")]
    [InlineData("""{"vision_config": {"hidden_act": "selu"}}""", "'vision_config.hidden_act' is 'selu'")]
    [InlineData("""{"vision_config": {"patch_size": 225}}""", "'vision_config.patch_size'")]
    [InlineData("""{"vision_config": {"num_attention_heads": 5}}""", "'vision_config.num_attention_heads' is 5")]
    [InlineData("""{"qformer_config": {"position_embedding_type": "relative_key"}}""", "position_embedding_type")]
    [InlineData("""{"qformer_config": {"use_qformer_text_input": true}}""", "use_qformer_text_input")]
    public void OtherValuesAreRefusedByName(string json, string expected)
    {
        var error = Assert.Throws<PerCoException>(() => Read(json));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void SettingsThatWouldGiveAnotherCaptionAreRefused()
    {
        var error = Assert.Throws<PerCoException>(() => Read("{}", """{"repetition_penalty": 1.5}"""));
        Assert.Contains("generation_config.json: field 'repetition_penalty'", error.Message, StringComparison.Ordinal);
    }

    private static Blip2Config Read(string json, string? generation = null) => Blip2Config.Read(
        ConfigReader.Parse("config.json", Encoding.UTF8.GetBytes(json)),
        generation is null ? null : ConfigReader.Parse("generation_config.json", Encoding.UTF8.GetBytes(generation)));
}
