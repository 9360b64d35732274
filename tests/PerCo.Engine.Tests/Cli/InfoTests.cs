using System.Text.Json;
using PerCo.Engine.Codec;
using Xunit;

namespace PerCo.Engine.Tests.Cli;

/// <summary>info.</summary>
public sealed class InfoTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("a.png", "\"kind\": \"png\"")]
    [InlineData("0.0313.pkl", "\"kind\": \"pkl\"")]
    public void What_comes_through_a_pipe_is_told_by_its_content(string name, string expected)
    {
        byte[] bytes = File.ReadAllBytes(
            name == "a.png" ? _folder.Picture(name) : TestPaths.Goldens($"bitstreams/{name}"));
        (int exitCode, byte[] output, string error) = CliProcess.Pipe(bytes, "info", "-", "--json");
        Assert.True(exitCode == 0, error);
        Assert.Contains(expected, System.Text.Encoding.UTF8.GetString(output), StringComparison.Ordinal);
    }

    [Fact]
    public void Several_files_are_described_and_missing_ones_reported()
    {
        string file = _folder.File("a.perco");
        new PerCoFile
        {
            ModelIdentity = 0x12345678,
            Width = 100,
            Height = 80,
            Grid = CodeGrid.None,
            Indices = [],
            Caption = "red\u001b[31m and\nbell\a\u202eok\u2028",
            Seed = ulong.MaxValue,
        }.Save(file);
        string pickle = TestPaths.Goldens("bitstreams/0.0313.pkl");

        var text = CliProcess.Run("info", file, pickle, _folder.File("missing.perco"));
        Assert.Equal(1, text.ExitCode);
        Assert.Contains("12345678", text.Output, StringComparison.Ordinal);
        Assert.Contains("PerCo (SD)", text.Output, StringComparison.Ordinal);
        Assert.Contains("missing.perco", text.Error, StringComparison.Ordinal);

        // A caption cannot take over the terminal.
        Assert.DoesNotContain('\u001b', text.Output);
        Assert.DoesNotContain('\a', text.Output);
        Assert.DoesNotContain('\u202e', text.Output);
        Assert.DoesNotContain('\u2028', text.Output);
        Assert.Contains("\\u202eok", text.Output, StringComparison.Ordinal);

        var json = CliProcess.Run("info", file, pickle, _folder.File("missing.perco"), "--json");
        Assert.Equal(1, json.ExitCode);
        using JsonDocument document = JsonDocument.Parse(json.Output);
        JsonElement files = document.RootElement.GetProperty("files");
        Assert.Equal(3, files.GetArrayLength());
        Assert.Equal("red\u001b[31m and\nbell\a\u202eok\u2028", files[0].GetProperty("caption").GetString());
        Assert.Equal(ulong.MaxValue, files[0].GetProperty("seed").GetUInt64());
        Assert.Equal("pkl", files[1].GetProperty("kind").GetString());
        Assert.True(files[2].TryGetProperty("error", out _));
        Assert.Equal(1, document.RootElement.GetProperty("failed").GetInt32());
    }

    [Fact]
    public void Models_and_weights_are_described_without_loading_them()
    {
        string folder = Path.Combine(TestPaths.DefaultModel, "hyper_enc");
        string weights = Directory.GetFiles(folder, "*.safetensors").Single();
        var run = CliProcess.Run("info", TestPaths.DefaultModel, weights, "--json", "--verbose");
        Assert.True(run.ExitCode == 0, run.Error);
        using JsonDocument document = JsonDocument.Parse(run.Output);
        JsonElement model = document.RootElement.GetProperty("files")[0];
        Assert.Equal(
            PerCo.Engine.Weights.ModelFolder.Open(TestPaths.DefaultModel).Identity.ToString("x8"),
            model.GetProperty("identity").GetString());
        JsonElement networks = model.GetProperty("networks");
        Assert.Equal(
            model.GetProperty("parameters").GetInt64(),
            networks.EnumerateObject().Sum(n => n.Value.GetProperty("parameters").GetInt64()));
        Assert.Equal(16, model.GetProperty("rates")[0].GetProperty("stride").GetInt32());

        JsonElement file = document.RootElement.GetProperty("files")[1];
        Assert.Equal(
            networks.GetProperty("hyper_enc").GetProperty("parameters").GetInt64(),
            file.GetProperty("parameters").GetInt64());
        Assert.Equal(file.GetProperty("tensors").GetInt32(), file.GetProperty("list").EnumerateObject().Count());
    }

    [Fact]
    public void Product_quantisation_is_told_of_a_model_as_of_its_files()
    {
        foreach (string file in Directory.EnumerateFiles(TestPaths.DefaultModel, "*.json", SearchOption.AllDirectories))
        {
            string config = File.ReadAllText(file);
            _folder.Text(
                Path.GetRelativePath(TestPaths.DefaultModel, file),
                file.Contains("hyper_enc", StringComparison.Ordinal) ? config.Replace("{", "{ \"heads\": 4,") : config);
        }

        var text = CliProcess.Run("info", _folder.Path);
        Assert.Contains("0.1250 bpp", text.Output, StringComparison.Ordinal);
        Assert.Contains("4×256 codes per 16×16 pixels", text.Output, StringComparison.Ordinal);
        Assert.Contains("1 step, guidance 1", text.Output, StringComparison.Ordinal);
        var json = CliProcess.Run("info", _folder.Path, "--json");
        Assert.Contains("\"books\": 4", json.Output, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();
}
