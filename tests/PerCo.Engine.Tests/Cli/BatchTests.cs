using System.Text.Json;
using System.Text.RegularExpressions;
using PerCo.Engine.Codec;
using PerCo.Engine.Imaging;
using Xunit;

namespace PerCo.Engine.Tests.Cli;

/// <summary>Several files in one run.</summary>
public sealed class BatchTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void A_folder_is_mirrored_and_a_bad_file_does_not_stop_the_rest()
    {
        _folder.Picture("in/a.png", 40, 24);
        _folder.Picture("in/sub/deeper/b.ppm", 24, 40);
        _folder.Picture("in/.hidden.png");
        File.WriteAllText(_folder.File("in/bad.png"), "not a picture");
        File.WriteAllText(_folder.File("in/notes.txt"), "not a picture either");

        var encode = CliProcess.Run(
            "encode", _folder.File("in"), "--recursive", "-o", _folder.File("out"), "--no-caption", "--log",
            _folder.File("log.jsonl"), "--json");

        Assert.Equal(1, encode.ExitCode);
        Assert.Equal(["a.perco", "sub/deeper/b.perco"], _folder.All("out"));
        using JsonDocument json = JsonDocument.Parse(encode.Output);
        Assert.Equal(2, json.RootElement.GetProperty("done").GetInt32());
        Assert.Equal(1, json.RootElement.GetProperty("failed").GetInt32());
        JsonElement[] log = Log();
        Assert.Equal(["done", "failed", "done"], log.Select(l => l.GetProperty("status").GetString()));
        Assert.Contains("bad.png", log[1].GetProperty("error").GetString(), StringComparison.Ordinal);
        JsonElement first = log[0];
        Assert.Equal(_folder.File("in/a.png"), first.GetProperty("input").GetString());
        Assert.Equal(_folder.File("out/a.perco"), first.GetProperty("output").GetString());
        Assert.Equal(new FileInfo(_folder.File("out/a.perco")).Length, first.GetProperty("bytes").GetInt64());
        Assert.Equal("", first.GetProperty("caption").GetString());
        Assert.True(first.GetProperty("seconds").GetDouble() > 0);
        Assert.Equal(JsonValueKind.Null, first.GetProperty("seed").ValueKind);
        Assert.Equal(JsonValueKind.Null, first.GetProperty("error").ValueKind);

        var decode = CliProcess.Run(
            "decompress", _folder.File("out"), "-R", "-o", _folder.File("back"), "--steps", "1");
        Assert.True(decode.ExitCode == 0, decode.Error);
        Assert.Equal(["a.png", "sub/deeper/b.png"], _folder.All("back"));
        Image image = ImageFormats.Load(_folder.File("back/sub/deeper/b.png"));
        Assert.Equal((24, 40), (image.Width, image.Height));
        Assert.Contains("2 files: 2 done", decode.Error, StringComparison.Ordinal);
    }

    [SkippableFact]
    public void A_pipe_in_a_folder_is_passed_over()
    {
        Skip.If(OperatingSystem.IsWindows(), "Windows has no pipes in folders.");
        _folder.Picture("in/a.png", 32, 32);
        Assert.Equal(0, CliProcess.Shell($"mkfifo {_folder.File("in/b.png")}").ExitCode);
        File.WriteAllBytes(_folder.File("in/c.png"), []);
        var encode = CliProcess.Run(
            "encode", _folder.File("in"), "-o", _folder.File("out"), "--no-caption", "--verbose");
        Assert.Equal(1, encode.ExitCode);
        Assert.Equal(["a.perco"], _folder.All("out"));
        Assert.Contains("c.png", encode.Error, StringComparison.Ordinal);
        Assert.Contains("1 other files in the folders were passed over", encode.Error, StringComparison.Ordinal);
    }

    /// <summary>Pictures may be called as messages begin.</summary>
    [Fact]
    public void Errors_name_the_file()
    {
        File.Move(_folder.Picture("small.png", 8, 8), _folder.File("The"));
        foreach (string verb in new[] { "encode", "eval" })
        {
            var run = CliProcess.Shell($"cd {_folder.File("")}; $P {verb} The --caption a");
            Assert.Equal(1, run.ExitCode);
            Assert.Contains("percoengine: The: The picture is 8x8", run.Error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Pictures_that_are_drawn_at_once_are_those_of_one_by_one()
    {
        // Two of a size, a damaged one, one of another size, one done already, one more of that other size.
        foreach ((string name, int width) in new[] { ("a", 48), ("b", 41), ("d", 20), ("e", 20), ("f", 20) })
        {
            _folder.Picture($"in/{name}.png", width, 40);
        }

        Assert.Equal(0, CliProcess.Run("encode", _folder.File("in"), "-o", _folder.File("files"), "-q").ExitCode);
        File.WriteAllText(_folder.File("files/c.perco"), "PERC");
        foreach (string batch in new[] { "1", "2", "64" })
        {
            string output = _folder.File("out" + batch);
            Directory.CreateDirectory(output);
            _folder.Picture($"out{batch}/e.png", 20, 40);
            var run = CliProcess.Run(
                "decode", _folder.File("files"), "-o", output, "--batch", batch, "--resume", "--steps", "2", "-v");
            Assert.Equal(1, run.ExitCode);
            MatchCollection reports = Regex.Matches(
                run.Error, @"^(percoengine: )?/.*/(?<name>.)\.\w+: ", RegexOptions.Multiline);
            Assert.Equal("abcdef", string.Concat(reports.Select(report => report.Groups["name"].Value)));
            Assert.Equal(batch != "1", run.Error.Contains("2 at once", StringComparison.Ordinal));
            foreach (string picture in new[] { "a.png", "b.png", "d.png", "f.png" })
            {
                Assert.Equal(
                    File.ReadAllBytes(_folder.File("out1/" + picture)),
                    File.ReadAllBytes(Path.Combine(output, picture)));
            }
        }
    }

    [Fact]
    public void Samples_are_drawn_at_once_where_one_asks_for_it()
    {
        _folder.Picture("a.png", 40, 24);
        string file = _folder.File("a.perco");
        Assert.Equal(0, CliProcess.Run("encode", _folder.File("a.png"), file, "-q").ExitCode);
        var run = CliProcess.Run(
            "decode", file, "-n", "5", "--batch", "3", "-o", _folder.File("s.png"), "--seed", "7", "--json");
        Assert.True(run.ExitCode == 0, run.Error);
        using JsonDocument json = JsonDocument.Parse(run.Output);
        Assert.Equal(
            [7, 8, 9, 10, 11],
            json.RootElement.GetProperty("files").EnumerateArray().Select(f => f.GetProperty("seed").GetInt32()));
        Assert.Equal(3, run.Error.Split("3 at once").Length - 1);
        Assert.Equal(2, run.Error.Split("2 at once").Length - 1);
        Assert.Equal(0, CliProcess.Run("decode", file, _folder.File("alone.png"), "--seed", "11").ExitCode);
        Assert.Equal(
            ImageFormats.Load(_folder.File("alone.png")).Pixels, ImageFormats.Load(_folder.File("s-5.png")).Pixels);
    }

    [Fact]
    public void Without_recursive_only_the_folder_itself_is_read()
    {
        _folder.Picture("in/a.png");
        _folder.Picture("in/sub/b.png");
        Assert.Equal(0, CliProcess.Run("compress", _folder.File("in"), "--no-caption", "-q").ExitCode);
        Assert.Equal(["a.perco", "a.png", "sub/b.png"], _folder.All("in"));
    }

    [Fact]
    public void Patterns_are_matched_and_mirrored()
    {
        _folder.Picture("in/a1.png");
        _folder.Picture("in/a2.png");
        _folder.Picture("in/b.png");
        _folder.Picture("in/x/a3.png");

        var flat = CliProcess.Run("encode", _folder.File("in/a?.png"), "--no-caption", "-o", _folder.File("flat"));
        Assert.True(flat.ExitCode == 0, flat.Error);
        Assert.Equal(["a1.perco", "a2.perco"], _folder.All("flat"));

        var deep = CliProcess.Run("encode", _folder.File("in/**/a*.png"), "--no-caption", "-o", _folder.File("deep"));
        Assert.True(deep.ExitCode == 0, deep.Error);
        Assert.Equal(["a1.perco", "a2.perco", "x/a3.perco"], _folder.All("deep"));

        var none = CliProcess.Run("encode", _folder.File("in/*.gif"), "--no-caption");
        Assert.Equal(1, none.ExitCode);
        Assert.Contains("no file matches", none.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_inputs_never_share_an_output()
    {
        string first = _folder.Picture("a.png"), second = _folder.Picture("a.ppm");
        var run = CliProcess.Run("encode", first, second, "--no-caption");
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("is made from", run.Error, StringComparison.Ordinal);
        Assert.Equal(["a.perco", "a.png", "a.ppm"], _folder.All());
    }

    [Fact]
    public void Captions_come_from_a_table()
    {
        _folder.Picture("in/a.png");
        _folder.Picture("in/b.png");
        File.WriteAllText(_folder.File("captions.tsv"), "a.png\tein Hügel\nb.png\ta field\nb.png\tsecond\n");
        var run = CliProcess.Run(
            "encode", _folder.File("in"), "--text-only", "--caption-file", _folder.File("captions.tsv"));
        Assert.True(run.ExitCode == 0, run.Error);
        Assert.Equal("ein Hügel", PerCoFile.Load(_folder.File("in/a.perco")).Caption);
        Assert.Equal("a field", PerCoFile.Load(_folder.File("in/b.perco")).Caption);
    }

    [Fact]
    public void Samples_have_consecutive_seeds_and_say_so()
    {
        string file = _folder.File("a.perco");
        Assert.Equal(0, CliProcess.Run(
            "encode", _folder.Picture("a.png"), "--no-caption", "--seed", "41", "-o", file).ExitCode);
        var run = CliProcess.Run(
            "decode", file, "--samples", "2", "--steps", "1", "--scheduler", "euler", "--json");
        Assert.True(run.ExitCode == 0, run.Error);
        Assert.Equal(["a-1.png", "a-2.png", "a.perco", "a.png"], _folder.All());
        using JsonDocument json = JsonDocument.Parse(run.Output);
        Assert.Equal(
            [41ul, 42ul], json.RootElement.GetProperty("files").EnumerateArray()
                .Select(f => f.GetProperty("seed").GetUInt64()));
        byte[] one = File.ReadAllBytes(_folder.File("a-1.png")), two = File.ReadAllBytes(_folder.File("a-2.png"));
        Assert.NotEqual(one, two);
        Assert.Contains("seed 42, 1 step", System.Text.Encoding.Latin1.GetString(two), StringComparison.Ordinal);
        Assert.Contains("generative codec", System.Text.Encoding.Latin1.GetString(two), StringComparison.Ordinal);
    }

    [Fact]
    public void An_input_that_is_deleted_under_way_fails_alone()
    {
        for (int i = 0; i < 8; i++)
        {
            _folder.Picture($"in/{i}.png", 96, 96);
        }

        string log = _folder.File("log.jsonl");
        using var process = CliProcess.Start(
            "encode", _folder.File("in"), "-o", _folder.File("out"), "--no-caption", "--log", log);
        Assert.True(CliProcess.WaitFor(process, () => File.Exists(log) && new FileInfo(log).Length > 0));
        File.Delete(_folder.File("in/7.png"));
        Assert.Equal(1, CliProcess.End(process));
        Assert.Contains("7.png: cannot be read", process.StandardError.ReadToEnd(), StringComparison.Ordinal);
        Assert.Equal(Enumerable.Range(0, 7).Select(i => $"{i}.perco"), _folder.All("out"));
    }

    public void Dispose() => _folder.Dispose();

    private JsonElement[] Log() =>
        [.. File.ReadAllLines(_folder.File("log.jsonl")).Select(l => JsonDocument.Parse(l).RootElement)];
}
