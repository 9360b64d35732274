using System.Text.Json;
using PerCo.Engine.Backends.Reference;
using PerCo.Engine.Cli.Terminal;
using PerCo.Engine.Cli.Verbs;
using PerCo.Engine.Codec;
using PerCo.Engine.Imaging;
using PerCo.Engine.Tests.Codec;
using Xunit;

namespace PerCo.Engine.Tests.Cli;

public sealed class CommandLineTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void A_picture_becomes_a_file_and_a_picture_again()
    {
        string picture = Picture(50, 37), file = _folder.File("a.perco"), decoded = _folder.File("b.png");

        var encode = CliProcess.Run("encode", picture, file, "--caption", "a meadow under a blue sky");
        Assert.True(encode.ExitCode == 0, encode.Error);
        Assert.Equal(50, PerCoFile.Load(file).Width);
        Assert.Equal("a meadow under a blue sky", PerCoFile.Load(file).Caption);

        var decode = CliProcess.Run("decode", file, decoded, "--steps", "2");
        Assert.True(decode.ExitCode == 0, decode.Error);
        Image image = ImageFormats.Load(decoded);
        Assert.Equal((50, 37), (image.Width, image.Height));

        var info = CliProcess.Run("info", file, "--json");
        Assert.True(info.ExitCode == 0, info.Error);
        using JsonDocument json = JsonDocument.Parse(info.Output);
        JsonElement first = json.RootElement.GetProperty("files")[0];
        Assert.Equal(37, first.GetProperty("height").GetInt32());
        Assert.Equal(new FileInfo(file).Length, first.GetProperty("bytes").GetProperty("total").GetInt64());
    }

    /// <summary>Networks of both directions, and what earlier stages leave behind, count too.</summary>
    [SkippableTheory]
    [InlineData(400)]
    [InlineData(340)]
    public void A_limit_of_memory_holds_for_the_whole_process(int mebibytes)
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "Only Linux is asked how much memory a process took at most.");
        var demo = CliProcess.Run(
            "demo", Path.Combine(TestPaths.Root, "examples", "kodim23.png"), "-o", _folder.File("out"),
            "--memory", $"{mebibytes}MiB", "--device", "cpu", "--json");
        Assert.True(demo.ExitCode == 0, demo.Error);
        using JsonDocument json = JsonDocument.Parse(demo.Output);
        Assert.InRange(json.RootElement.GetProperty("peakMemory").GetInt64(), 1, (long)mebibytes << 20);
    }

    /// <summary>The runtime is told how much memory there is, as a container does.</summary>
    [SkippableFact]
    public void Where_the_system_has_little_memory_the_work_is_planned_for_it()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "The shell is asked to set a variable.");
        string picture = Path.Combine(TestPaths.Root, "examples", "kodim23.png");
        string file = _folder.File("a.perco");
        Assert.Equal(0, CliProcess.Run("encode", picture, file, "--caption", "", "--device", "cpu").ExitCode);
        string decode = $"$P decode {file} {_folder.File("a.png")} --steps 1 --device cpu --force";
        var planned = CliProcess.Shell($"DOTNET_GCTotalPhysicalMemory=0x17000000 {decode}");
        Assert.True(planned.ExitCode == 0, planned.Error);
        Assert.Contains("fit into 332 MiB, what this system has", planned.Error, StringComparison.Ordinal);
        var demo = CliProcess.Shell($"DOTNET_GCTotalPhysicalMemory=0x17000000 $P demo {picture} --caption '' --steps 1 "
            + $"--device cpu -o {_folder.File("demo")}");
        Assert.True(demo.ExitCode == 0, demo.Error);
        Assert.Contains("fit into 332 MiB, what this system has", demo.Error, StringComparison.Ordinal);
        var refused = CliProcess.Shell($"DOTNET_GCTotalPhysicalMemory=0xC000000 {decode}");
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("more than the 173 MiB that this system has", refused.Error, StringComparison.Ordinal);
        Assert.Contains("Use --memory.", refused.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--strict")]
    [InlineData("--json")]
    public void The_demo_writes_three_files(string option)
    {
        var demo = CliProcess.Run(
            "demo", Picture(48, 48), "-o", _folder.File("out"), "--caption", "a meadow", "--steps", "2", option);
        Assert.True(demo.ExitCode == 0, demo.Error);
        Assert.Equal(3, Directory.GetFiles(_folder.File("out")).Length);
        if (option == "--json")
        {
            using JsonDocument json = JsonDocument.Parse(demo.Output);
            Assert.Equal(3, json.RootElement.GetProperty("files").GetArrayLength());
        }
        else
        {
            Assert.Contains("PSNR", demo.Output, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Verification_of_a_folder_without_cases_ends_before_anything_is_computed()
    {
        var verify = CliProcess.Run("verify", _folder.File("nothing"), "--device", "cpu");
        Assert.Equal(1, verify.ExitCode);
        Assert.Contains("cases.json: cannot be read: there is no such folder", verify.Error, StringComparison.Ordinal);
        Assert.Empty(verify.Output);
    }

    [Fact]
    public void Verification_is_one_document()
    {
        var verify = CliProcess.Run("verify", "--case", "torch_noise", "--json");
        Assert.True(verify.ExitCode == 0, verify.Error);
        using JsonDocument json = JsonDocument.Parse(verify.Output);
        JsonElement cases = json.RootElement.GetProperty("cases");
        Assert.Equal(cases.GetArrayLength(), json.RootElement.GetProperty("passed").GetInt32());
        Assert.All(cases.EnumerateArray(), c => Assert.Equal("torch_noise", c.GetProperty("case").GetString()));
    }

    [Fact]
    public void Stack_traces_are_for_those_who_ask()
    {
        File.WriteAllText(_folder.File("bad.png"), "not a picture");
        var run = CliProcess.Run("encode", _folder.File("bad.png"), "--no-caption", "--verbose");
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("\n   at PerCo.Engine", run.Error.ReplaceLineEndings("\n"), StringComparison.Ordinal);
    }

    [Fact]
    public void Existing_output_is_kept()
    {
        string picture = Picture(32, 32), file = _folder.File("kept.perco");
        File.WriteAllText(file, "mine");
        var encode = CliProcess.Run("encode", picture, file, "--no-caption");
        Assert.Equal(1, encode.ExitCode);
        Assert.Contains("--force", encode.Error, StringComparison.Ordinal);
        Assert.Equal("mine", File.ReadAllText(file));
        Assert.Equal(0, CliProcess.Run("encode", picture, file, "--no-caption", "--force").ExitCode);
        Assert.NotEqual("mine", File.ReadAllText(file));
    }

    [Theory]
    [InlineData("encode", "missing.png")]
    [InlineData("decode", "missing.perco")]
    [InlineData("info", "missing.perco")]
    [InlineData("info", "text.perco")]
    [InlineData("encode", "text.png")]
    [InlineData("encode", "tiny.png")]
    [InlineData("encode", "good.png", "--model", "nowhere")]
    [InlineData("encode", "good.png", "nowhere/out.perco")]
    public void Bad_input_is_one_line_and_writes_nothing(string verb, string input, params string[] rest)
    {
        File.WriteAllText(_folder.File("text.perco"), "not a container");
        File.WriteAllText(_folder.File("text.png"), "not a picture");
        ImageFormats.Save(TestPictures.Meadow(15, 40), _folder.File("tiny.png"));
        ImageFormats.Save(TestPictures.Meadow(32, 32), _folder.File("good.png"));
        string[] before = Directory.GetFiles(_folder.Path);

        var run = CliProcess.Run(CliProcess.OnCpu(
            [verb, _folder.File(input), .. rest.Select(r => r.Contains('/') ? _folder.File(r) : r)]));

        Assert.Equal(1, run.ExitCode);
        Assert.StartsWith("percoengine: ", run.Error, StringComparison.Ordinal);
        Assert.Single(run.Error.TrimEnd().Split('\n'));
        Assert.DoesNotContain("   at ", run.Error, StringComparison.Ordinal);
        Assert.Equal(before, Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public void Timing_nothing_is_a_failure()
    {
        var run = CliProcess.Run("bench", "--device", "reference", "--kernel", "no such kernel");
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("Nothing was timed", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void The_demo_of_a_picture_that_comes_back_equal_is_JSON_too()
    {
        Image image = TestPictures.Meadow(32, 32);
        var file = new PerCoFile
        {
            ModelIdentity = 1, Width = 32, Height = 32, Grid = CodeGrid.None, Indices = [], Caption = "",
        };
        using var backend = new ReferenceBackend();
        string json = JsonText.Line(DemoCommand.Document(
            image, new EncodeResult(file, []), new DecodeResult(image, 0, 1, 1, []), 20, backend,
            new DemoFiles("a.png", "out", Force: false)));
        Assert.Contains("\"psnr\":null", json, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private string Picture(int width, int height)
    {
        string path = _folder.File("meadow.png");
        ImageFormats.Save(TestPictures.Meadow(width, height), path);
        return path;
    }
}
