using System.Text.Json;
using Xunit;

namespace PerCo.Engine.Tests.Cli;

/// <summary>Interrupted runs, and runs that go on.</summary>
public sealed class ResumeTests : IDisposable
{
    private const int Pictures = 20;

    private readonly TemporaryFolder _folder = new();

    [SkippableFact]
    public void An_interrupted_run_goes_on_with_nothing_lost_and_nothing_done_twice()
    {
        Skip.If(OperatingSystem.IsWindows(), "Signals are sent with POSIX's kill.");
        for (int i = 0; i < Pictures; i++)
        {
            _folder.Picture($"in/{i % 3}/{i}.png", 144, 144);
        }

        string log = _folder.File("log.jsonl");
        string[] arguments =
        [
            "encode", _folder.File("in"), "-R", "-o", _folder.File("out"), "--no-caption", "--log", log, "--resume",
        ];

        // 1. Ctrl-C once some are done.
        using (var process = CliProcess.Start(arguments))
        {
            Assert.True(CliProcess.WaitFor(process, () => Count(log, "done") >= 3));
            CliProcess.Signal(process, CliProcess.SigInt);
            Assert.Equal(130, CliProcess.End(process));
            Assert.Contains("--resume", process.StandardError.ReadToEnd(), StringComparison.Ordinal);
        }

        int before = Count(log, "done");
        Assert.InRange(before, 3, Pictures - 1);
        string[] made = _folder.All("out");
        Assert.Equal(before, made.Length);
        Dictionary<string, DateTime> times = made.ToDictionary(f => f, Written);

        // 2. The same command does the rest.
        var resumed = CliProcess.Run(arguments);
        Assert.True(resumed.ExitCode == 0, resumed.Error);
        Assert.Equal(Pictures, _folder.All("out").Length);
        Assert.All(made, file => Assert.Equal(times[file], Written(file)));
        Assert.Equal(Pictures, Count(log, "done"));
        Assert.Equal(before, Count(log, "skipped"));
        Assert.Equal(Pictures, Entries(log).Where(e => e.Status == "done").Select(e => e.Input).Distinct().Count());

        // 3. And once more there is nothing to do.
        var again = CliProcess.Run([.. arguments, "--json", "--model", "nowhere"]);
        Assert.True(again.ExitCode == 0, again.Error);
        using JsonDocument json = JsonDocument.Parse(again.Output);
        Assert.Equal(Pictures, json.RootElement.GetProperty("skipped").GetInt32());
    }

    [Fact]
    public void What_is_not_whole_is_an_error_until_it_may_be_replaced()
    {
        string picture = _folder.Picture("a.png", 40, 32), file = _folder.File("a.perco"), back = _folder.File("b.png");
        Assert.Equal(0, CliProcess.Run("encode", picture, file, "--no-caption").ExitCode);
        Assert.Equal(0, CliProcess.Run("decode", file, back, "--steps", "1").ExitCode);
        byte[] whole = File.ReadAllBytes(back);
        File.WriteAllBytes(back, whole[..^20]);

        var refused = CliProcess.Run("decode", file, back, "--steps", "1", "--resume");
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("is no whole picture", refused.Error, StringComparison.Ordinal);
        Assert.Equal(whole.Length - 20, new FileInfo(back).Length);

        Assert.Equal(0, CliProcess.Run("decode", file, back, "--steps", "1", "--resume", "--force").ExitCode);
        Assert.Equal(whole, File.ReadAllBytes(back));

        string other = _folder.Picture("other.png", 32, 40);
        var wrong = CliProcess.Run("encode", other, file, "--no-caption", "--resume");
        Assert.Equal(1, wrong.ExitCode);
        Assert.Contains("40x32", wrong.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void An_original_is_neither_taken_for_the_decoded_picture_nor_replaced_by_it()
    {
        string picture = _folder.Picture("a.png", 40, 32), file = _folder.File("a.perco");
        byte[] original = File.ReadAllBytes(picture);
        Assert.Equal(0, CliProcess.Run("encode", picture, "--no-caption").ExitCode);

        // 1. Without a name for the output, the picture goes beside the original, however often it is drawn.
        string[] decode = ["decode", file, "--steps", "1", "--device", "cpu"];
        Assert.Equal("", CliProcess.Run([.. decode, "-q"]).Error);
        Assert.Equal(["a-decoded.png", "a.perco", "a.png"], _folder.All());
        Assert.Contains("exists already", CliProcess.Run(decode).Error, StringComparison.Ordinal);
        Assert.Contains("done already", CliProcess.Run([.. decode, "--resume", "-v"]).Error, StringComparison.Ordinal);
        Assert.Equal(0, CliProcess.Run([.. decode, "--force"]).ExitCode);

        // 2. Named, it is no finished work, and replaced only where that is asked for.
        var named = CliProcess.Run([.. decode, "--resume", "-o", picture]);
        Assert.Equal(1, named.ExitCode);
        Assert.Contains("may be the original", named.Error, StringComparison.Ordinal);
        Assert.Equal(original, File.ReadAllBytes(picture));

        // 3. A file in the way of that too is left alone.
        File.WriteAllBytes(_folder.File("a-decoded.png"), original);
        var both = CliProcess.Run([.. decode, "--force"]);
        Assert.Equal(1, both.ExitCode);
        Assert.Contains("Name another output", both.Error, StringComparison.Ordinal);
        Assert.Equal(original, File.ReadAllBytes(_folder.File("a-decoded.png")));
    }

    [Fact]
    public void A_picture_that_was_drawn_otherwise_is_not_done()
    {
        string picture = _folder.Picture("a.png", 40, 32), file = _folder.File("a.perco"), back = _folder.File("b.png");
        Assert.Equal(0, CliProcess.Run("encode", picture, file, "--no-caption").ExitCode);
        string[] decode = ["decode", file, back, "--steps", "1", "--device", "cpu"];
        Assert.Equal(0, CliProcess.Run(decode).ExitCode);
        Assert.Equal(0, CliProcess.Run([.. decode, "--resume"]).ExitCode);
        var seed = CliProcess.Run([.. decode, "--resume", "--seed", "3"]);
        Assert.Equal(1, seed.ExitCode);
        Assert.Contains("was not drawn with seed 3", seed.Error, StringComparison.Ordinal);
        var guidance = CliProcess.Run([.. decode, "--resume", "--guidance", "1.5"]);
        Assert.Contains("was not drawn with guidance 1.5", guidance.Error, StringComparison.Ordinal);
        var codes = CliProcess.Run([.. decode, "--resume", "--codes-guidance", "3"]);
        Assert.Contains("was not drawn with guidance on the codes 3", codes.Error, StringComparison.Ordinal);
        var scheduler = CliProcess.Run([.. decode, "--resume", "--scheduler", "euler"]);
        Assert.Contains("was not drawn with scheduler euler", scheduler.Error, StringComparison.Ordinal);
        Assert.Equal(0, CliProcess.Run([.. decode, "--force", "--codes-guidance", "3"]).ExitCode);
        Assert.Equal(0, CliProcess.Run([.. decode, "--resume", "--codes-guidance", "3"]).ExitCode);
        Assert.Equal(1, CliProcess.Run([.. decode, "--resume"]).ExitCode);
        Assert.Equal(0, CliProcess.Run([.. decode, "--force"]).ExitCode);
        var info = CliProcess.Run("info", back);
        Assert.Contains("by PerCo.Engine", info.Output, StringComparison.Ordinal);
        Assert.Contains("seed 0, 1 step, guidance", info.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_log_that_is_an_input_or_an_output_is_wrong_usage()
    {
        string picture = _folder.Picture("a.png"), file = _folder.File("a.perco");
        foreach (string log in (string[])[picture, file, "-"])
        {
            var run = CliProcess.Run("encode", picture, file, "--no-caption", "--log", log);
            Assert.Equal(2, run.ExitCode);
            Assert.Contains("--log", run.Error, StringComparison.Ordinal);
        }

        string other = _folder.File("other.json");
        File.WriteAllText(other, "{\"name\": 1}\n");
        var foreign = CliProcess.Run("encode", picture, file, "--no-caption", "--log", other);
        Assert.Equal(1, foreign.ExitCode);
        Assert.Equal("{\"name\": 1}\n", File.ReadAllText(other));
        Assert.Equal(["a.png", "other.json"], _folder.All());
    }

    [Fact]
    public void A_log_is_never_appended_to_another_kind_of_file()
    {
        string picture = _folder.Picture("a.png"), other = _folder.Picture("b.png");
        byte[] before = File.ReadAllBytes(other);
        var run = CliProcess.Run("encode", picture, "--no-caption", "--log", other);
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("no log", run.Error, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(other));
        Assert.Equal(["a.png", "b.png"], _folder.All());
    }

    public void Dispose() => _folder.Dispose();

    private DateTime Written(string file) => File.GetLastWriteTimeUtc(Path.Combine(_folder.File("out"), file));

    private static int Count(string log, string status) => Entries(log).Count(e => e.Status == status);

    private static IEnumerable<(string Status, string Input)> Entries(string log)
    {
        if (!File.Exists(log))
        {
            yield break;
        }

        // Shared, because the run that is being watched has it open.
        using var stream = new FileStream(log, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(stream);
        string text = reader.ReadToEnd();
        foreach (string line in text[..(text.LastIndexOf('\n') + 1)].Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            using JsonDocument entry = JsonDocument.Parse(line);
            yield return (
                entry.RootElement.GetProperty("status").GetString()!,
                entry.RootElement.GetProperty("input").GetString()!);
        }
    }
}
