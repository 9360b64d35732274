using PerCo.Engine.Tensors;
using PerCo.Engine.Weights;
using Xunit;

namespace PerCo.Engine.Tests.Weights;

public sealed class ModelFolderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void OpensTheDefaultModel()
    {
        ModelFolder model = ModelFolder.Open(TestPaths.DefaultModel);
        Assert.Equal("perco-mini-2", model.Id);
        Assert.Equal("PerCo-Mini", model.DisplayName);
        Assert.Equal("ddim", model.Scheduler);
        ModelRate rate = Assert.Single(model.Rates);
        Assert.Equal(0.0313, rate.BitsPerPixel);
        Assert.Equal(1, rate.Steps);
        Assert.Equal(1, rate.Guidance);
        Assert.True(WeightFolder.Exists(rate.UNetFolder));
        Assert.True(WeightFolder.Exists(rate.HyperEncoderFolder));
        Assert.True(WeightFolder.Exists(model.VaeFolder));
        Assert.True(WeightFolder.Exists(model.TextEncoderFolder));
        Assert.True(WeightFolder.Exists(model.CaptionerFolder!));
        Assert.True(File.Exists(model.SchedulerConfigFile));
        Assert.True(Directory.Exists(model.TokenizerFolder));
        Assert.Null(model.LoadNullText());
    }

    // A program may go to another folder before the parts are read.
    [Fact]
    public void PartsAreNamedFromTheRoot()
    {
        ModelFolder model = ModelFolder.Open(
            Path.GetRelativePath(Environment.CurrentDirectory, TestPaths.DefaultModel));
        Assert.Equal(Path.GetFullPath(TestPaths.DefaultModel), model.Path);
        string[] parts =
        [
            model.VaeFolder, model.TextEncoderFolder, model.TokenizerFolder, model.SchedulerConfigFile,
            model.CaptionerFolder!, model.Rates[0].UNetFolder, model.Rates[0].HyperEncoderFolder,
        ];
        Assert.All(parts, part => Assert.True(Path.IsPathFullyQualified(part), part));
    }

    // echo -n perco-mini-0 | sha256sum, the first four bytes from right to left.
    [Theory]
    [InlineData("perco-mini-0", 0x38298946u)]
    [InlineData("", 0x42C4B0E3u)]
    public void IdentityIsTheStartOfTheIdsHash(string id, uint expected) =>
        Assert.Equal(expected, ModelFolder.IdentityOf(id));

    [Fact]
    public void RatesOverrideTheModelsDefaults()
    {
        Parts("vae", "text_encoder", "tokenizer", "scheduler", "hyper_enc", "unet", "low/hyper", "low/unet");
        _folder.Text("perco.json", """
            {"id": "x", "guidance": 2.5, "rates": [
              {"bpp": 0.125},
              {"bpp": 0.0019, "hyper_enc": "low/hyper", "unet": "low/unet", "steps": 7, "guidance": 4}]}
            """);
        ModelFolder model = ModelFolder.Open(_folder.Path);
        Assert.Equal("x", model.DisplayName);
        Assert.Null(model.Scheduler);
        Assert.Null(model.CaptionerFolder);
        Assert.Equal((0, 5, 2.5), (model.Rates[0].Index, model.Rates[0].Steps, model.Rates[0].Guidance));
        Assert.Equal((1, 7, 4.0), (model.Rates[1].Index, model.Rates[1].Steps, model.Rates[1].Guidance));
        Assert.Equal(Path.Combine(_folder.Path, "low", "unet"), Path.GetFullPath(model.Rates[1].UNetFolder));
        Assert.Same(model.Rates[0], model.NearestRate(null));
        Assert.Same(model.Rates[0], model.NearestRate(0.02));
        Assert.Same(model.Rates[1], model.NearestRate(0.01));
        Assert.Throws<ArgumentOutOfRangeException>(() => model.NearestRate(0));
    }

    [Theory]
    [InlineData(64, 256, "perco-sd-0.1250", 5)]
    [InlineData(32, 8196, "perco-sd-0.0507", 5)]
    [InlineData(32, 256, "perco-sd-0.0313", 20)]
    [InlineData(8, 256, "perco-sd-0.0019", 20)]
    [InlineData(16, 16, "perco-sd-0.0039", 20)]
    public void PublishedFoldersGetThePublishedDefaults(int grid, int codebook, string id, int steps)
    {
        Parts("vae", "text_encoder", "tokenizer", "scheduler", "hyper_enc", "unet", "captioner");
        _folder.Text("hyper_enc/config.json", $"{{\"cfg_ss\": {grid}, \"cfg_cs\": {codebook}}}");
        ModelFolder model = ModelFolder.Open(_folder.Path);
        Assert.Equal(id, model.Id);
        ModelRate rate = Assert.Single(model.Rates);
        Assert.Equal(steps, rate.Steps);
        Assert.Equal(3, rate.Guidance);
        Assert.EndsWith("captioner", model.CaptionerFolder, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"rates": [{"bpp": 1}]}""", "field 'id' is missing")]
    [InlineData("""{"id": "a\u0000b", "rates": [{"bpp": 1}]}""", "field 'id'")]
    [InlineData("""{"id": "x"}""", "field 'rates' has 0 entries")]
    [InlineData("""{"id": "x", "rates": [{}]}""", "field 'rates[0].bpp' is missing")]
    [InlineData("""{"id": "x", "rates": [{"bpp": -1}]}""", "field 'rates[0].bpp' is -1")]
    [InlineData("""{"id": "x", "rates": [{"bpp": 1, "steps": 0}]}""", "field 'rates[0].steps' is 0")]
    [InlineData("""{"id": "x", "rates": [{"bpp": 1, "unet": "../unet"}]}""", "field 'rates[0].unet' is '../unet'")]
    [InlineData("""{"id": "x", "rates": [{"bpp": 1, "unet": "/unet"}]}""", "field 'rates[0].unet' is '/unet'")]
    [InlineData("""{"id": "x", "rates": [{"bpp": 1, "unet": "a\u0000b"}]}""", "field 'rates[0].unet' is")]
    [InlineData("""{"id": "x", "rates": [{"bpp": 1, "unet": ""}]}""", "field 'rates[0].unet' is ''")]
    [InlineData("""{"id": "x", "rates": [{"bpp": 1, "unet": "other"}]}""", "the folder 'other' is missing")]
    [InlineData("""{"id": "x", "captioner": "blip", "rates": [{"bpp": 1}]}""", "the folder 'blip' is missing")]
    public void WrongDeclarationsAreExplained(string json, string expected)
    {
        Parts("vae", "text_encoder", "tokenizer", "scheduler", "hyper_enc", "unet");
        _folder.Text("perco.json", json);
        PerCoException e = Assert.Throws<PerCoException>(() => ModelFolder.Open(_folder.Path));
        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("vae")]
    [InlineData("unet")]
    [InlineData("hyper_enc")]
    [InlineData("tokenizer")]
    public void MissingPartsAreNamed(string absent)
    {
        string[] all = ["vae", "text_encoder", "tokenizer", "scheduler", "hyper_enc", "unet"];
        Parts([.. all.Except([absent])]);
        _folder.Text("perco.json", """{"id": "x", "rates": [{"bpp": 1}]}""");
        PerCoException e = Assert.Throws<PerCoException>(() => ModelFolder.Open(_folder.Path));
        Assert.Contains($"the folder '{absent}' is missing", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AMissingModelIsAnError()
    {
        string path = Path.Combine(_folder.Path, "absent");
        PerCoException e = Assert.Throws<PerCoException>(() => ModelFolder.Open(path));
        Assert.StartsWith(path, e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("null_text.safetensors", "[2,1]")]
    [InlineData("text_encoder/model.safetensors", "[1,2,1]")]
    public void NullTextIsFoundWhereModelsKeepIt(string file, string shape)
    {
        Declare();
        _folder.Safetensors(file, NullText(shape), 0, 0x3C, 0, 0x40);
        HostTensor? tensor = ModelFolder.Open(_folder.Path).LoadNullText();
        Assert.NotNull(tensor);
        Assert.Equal(new Shape(2, 1), tensor.Shape);
        Assert.Equal([1f, 2f], tensor.ToFloats());
    }

    [Fact]
    public void ANullTextOfAnotherRankIsAnError()
    {
        Declare();
        _folder.Safetensors("null_text.safetensors", NullText("[2]"), 0, 0x3C, 0, 0x40);
        PerCoException e = Assert.Throws<PerCoException>(() => ModelFolder.Open(_folder.Path).LoadNullText());
        Assert.Contains("is [2], expected [tokens, channels]", e.Message, StringComparison.Ordinal);
    }

    private static string NullText(string shape) =>
        $"{{\"null_text\":{{\"dtype\":\"F16\",\"shape\":{shape},\"data_offsets\":[0,4]}}}}";

    private void Declare()
    {
        Parts("vae", "text_encoder", "tokenizer", "scheduler", "hyper_enc", "unet");
        _folder.Text("perco.json", """{"id": "x", "rates": [{"bpp": 1}]}""");
    }

    private void Parts(params ReadOnlySpan<string> names)
    {
        foreach (string name in names)
        {
            Directory.CreateDirectory(Path.Combine(_folder.Path, name));
        }
    }
}
