using System.Text.Json;
using PerCo.Engine.Codec;
using PerCo.Engine.Imaging;
using Xunit;

namespace PerCo.Engine.Tests.Cli;

/// <summary>eval.</summary>
public sealed class EvalTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Figures_are_those_of_the_files_and_pictures()
    {
        _folder.Picture("in/large.png", 208, 176);
        _folder.Picture("in/small.png", 48, 32);
        File.WriteAllText(_folder.File("in/broken.png"), "no picture");
        string kept = _folder.File("kept");
        string[] command = ["eval", _folder.File("in"), "--caption", "a, \"b\"", "--device", "cpu", "-o", kept];
        var run = CliProcess.Run([.. command, "--json"]);
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("broken.png", run.Error, StringComparison.Ordinal);

        using JsonDocument json = JsonDocument.Parse(run.Output);
        Assert.Equal(1, json.RootElement.GetProperty("failed").GetInt32());
        Assert.Equal(
            ["large-decoded.png", "large.perco", "small-decoded.png", "small.perco"], _folder.All("kept"));
        double bits = 0, decibels = 0;
        JsonElement[] files = [.. json.RootElement.GetProperty("files").EnumerateArray()];
        Assert.Equal(2, files.Length);
        foreach (JsonElement file in files)
        {
            string name = Path.GetFileNameWithoutExtension(file.GetProperty("file").GetString()!);
            byte[] bytes = File.ReadAllBytes(Path.Combine(kept, name + ".perco"));
            Image original = ImageFormats.Load(_folder.File($"in/{name}.png"));
            Image decoded = ImageFormats.Load(Path.Combine(kept, name + "-decoded.png"));
            Assert.Equal("a, \"b\"", PerCoFile.Parse(bytes).Caption);
            Assert.Equal(bytes.Length, file.GetProperty("bytes").GetInt32());
            Assert.Equal(
                8.0 * bytes.Length / original.Width / original.Height, file.GetProperty("bpp").GetDouble(), 1e-6);
            Assert.Equal(ImageMetrics.Psnr(original, decoded), file.GetProperty("psnr-rgb").GetDouble(), 1e-4);
            Assert.True(file.GetProperty("encoding_time").GetDouble() > 0);
            Assert.True(file.GetProperty("decoding_time").GetDouble() > 0);
            bits += file.GetProperty("bpp").GetDouble() / 2;
            decibels += file.GetProperty("psnr-rgb").GetDouble() / 2;
        }

        // MS-SSIM needs 161 pixels: the mean is of those that have it.
        Assert.Equal(JsonValueKind.Null, files[1].GetProperty("ms-ssim-rgb").ValueKind);
        JsonElement results = json.RootElement.GetProperty("results");
        Assert.Equal(
            files[0].GetProperty("ms-ssim-rgb").GetDouble(), results.GetProperty("ms-ssim-rgb")[0].GetDouble(), 1e-6);
        Assert.Equal(bits, results.GetProperty("bpp")[0].GetDouble(), 2e-6);
        Assert.Equal(decibels, results.GetProperty("psnr-rgb")[0].GetDouble(), 1e-4);
        Assert.Equal(1, results.GetProperty("bpp").GetArrayLength());

        // What was kept is not replaced.
        var again = CliProcess.Run(command);
        Assert.Equal(1, again.ExitCode);
        Assert.Contains("--force", again.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Tables_and_separated_values_have_a_line_a_picture()
    {
        string a = _folder.Picture("a.png", 48, 32), b = _folder.Picture("b,c.png", 64, 48);
        string[] options = ["--no-codes", "--caption", "x", "--steps", "1", "--device", "cpu"];
        var table = CliProcess.Run(["eval", a, b, .. options]);
        Assert.True(table.ExitCode == 0, table.Error);
        string[] lines = table.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(4, lines.Length);
        Assert.StartsWith("picture", lines[0], StringComparison.Ordinal);
        Assert.StartsWith("mean of 2", lines[3], StringComparison.Ordinal);

        var csv = CliProcess.Run(["eval", a, b, "--csv", .. options]);
        Assert.True(csv.ExitCode == 0, csv.Error);
        string[] rows = csv.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(3, rows.Length);
        Assert.StartsWith("file,rate,", rows[0], StringComparison.Ordinal);
        Assert.StartsWith($"\"{b}\",0,64,48,", rows[2], StringComparison.Ordinal);
        Assert.Equal(["a.png", "b,c.png"], _folder.All());
    }

    [Theory]
    [InlineData("--csv and --json exclude", "--csv", "--json")]
    [InlineData("--all-rates takes the model's rates", "--all-rates", "--rate", "0.1")]
    [InlineData("--all-rates takes the model's rates", "--all-rates", "--no-codes")]
    public void What_excludes_each_other_is_wrong_usage(string expected, params string[] options)
    {
        var run = CliProcess.Run(["eval", "a.png", .. options]);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(expected, run.Error, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();
}
