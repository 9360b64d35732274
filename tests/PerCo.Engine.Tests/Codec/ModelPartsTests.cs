using System.Text.Json.Nodes;
using PerCo.Engine.Codec;
using PerCo.Engine.Weights;
using Xunit;

namespace PerCo.Engine.Tests.Codec;

/// <summary>Folders whose parts are each right, but of different models.</summary>
public sealed class ModelPartsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("unet", "in_channels", "4", "the U-Net takes latents of 4")]
    [InlineData("unet", "out_channels", "4", "the U-Net makes latents of 4")]
    [InlineData("unet", "cross_attention_dim", "64", "the U-Net takes text features of 64")]
    [InlineData("vae", "out_channels", "1", "the autoencoder makes pictures of 1")]
    [InlineData("text_encoder", "vocab_size", "100", "the text encoder below 100")]
    [InlineData("text_encoder", "max_position_embeddings", "1", "1 positions")]
    public void Decoding_says_which_do_not_fit(string part, string field, string value, string expected)
    {
        string error = Decode(part, field, value);
        Assert.Contains(expected, error, StringComparison.Ordinal);
        Assert.Contains("belong to one model", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("vae", "in_channels", "1", "the autoencoder takes pictures of 1")]
    [InlineData("hyper_enc", "in_channels", "4", "the hyper-encoder takes latents of 4")]
    public void Encoding_says_which_do_not_fit(string part, string field, string value, string expected)
    {
        Copy();
        Set(part, field, value);
        using PerCoModel model = PerCoModel.Open(_folder.Path);
        var error = Assert.Throws<PerCoException>(() => new PerCoEncoder(model).Encode(
            TestPictures.Meadow(64, 48), new EncodeOptions { Caption = "a" }));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_tokenizer_says_how_many_tokens_a_text_has()
    {
        Copy();
        Set("tokenizer", "model_max_length", "20", "tokenizer_config.json");
        using PerCoModel model = PerCoModel.Open(_folder.Path);
        Assert.Equal(20, model.Text.Encode("a dog").Shape.Tokens);

        // transformers writes 1e30 for "any".
        Set("tokenizer", "model_max_length", "1000000000000000019884624838656", "tokenizer_config.json");
        using PerCoModel other = PerCoModel.Open(_folder.Path);
        Assert.Equal(32, other.Text.Encode("a dog").Shape.Tokens);
    }

    [Fact]
    public void Fields_that_EMA_writes_are_no_reason_to_refuse_a_UNet()
    {
        foreach (string field in (string[])["decay", "inv_gamma", "optimization_step", "power", "update_after_step"])
        {
            Copy();
            Set("unet", field, "1");
        }

        using PerCoModel model = PerCoModel.Open(_folder.Path);
        model.Networks.UNet(model.Folder.Rates[0]);
    }

    public void Dispose() => _folder.Dispose();

    private string Decode(string part, string field, string value)
    {
        Copy();
        PerCoFile file;
        using (PerCoModel right = PerCoModel.Open(_folder.Path))
        {
            file = new PerCoEncoder(right).Encode(
                TestPictures.Meadow(64, 48), new EncodeOptions { Caption = "a" }).File;
        }

        Set(part, field, value);
        using PerCoModel model = PerCoModel.Open(_folder.Path);
        return Assert.Throws<PerCoException>(() => new PerCoDecoder(model).Decode(file)).Message;
    }

    private void Copy()
    {
        foreach (string file in Directory.EnumerateFiles(TestPaths.DefaultModel, "*", SearchOption.AllDirectories))
        {
            string copy = _folder.File(Path.GetRelativePath(TestPaths.DefaultModel, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy, overwrite: true);
        }
    }

    private void Set(string part, string field, string value, string name = "config.json")
    {
        string path = Path.Combine(
            part == "unet" ? ModelFolder.Open(_folder.Path).Rates[0].UNetFolder : _folder.File(part), name);
        JsonNode json = JsonNode.Parse(File.ReadAllText(path))!;
        json[field] = JsonNode.Parse(value);
        File.WriteAllText(path, json.ToJsonString());
    }
}
