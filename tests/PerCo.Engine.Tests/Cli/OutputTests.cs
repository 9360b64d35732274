using System.Text.Json;
using PerCo.Engine.Codec;
using PerCo.Engine.Imaging;
using Xunit;

namespace PerCo.Engine.Tests.Cli;

/// <summary>Where files are written, and where they are not.</summary>
public sealed class OutputTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void A_folder_is_made_for_a_folder_only()
    {
        string picture = _folder.Picture("a.png");
        var run = CliProcess.Run("encode", picture, "-o", _folder.File("new/deep") + "/", "--no-caption");
        Assert.True(run.ExitCode == 0, run.Error);
        Assert.Equal(["a.perco"], _folder.All("new/deep"));

        var file = CliProcess.Run("encode", picture, "-o", _folder.File("missing/a.perco"), "--no-caption");
        Assert.Equal(1, file.ExitCode);
        Assert.False(Directory.Exists(_folder.File("missing")));
    }

    [Fact]
    public void Files_and_folders_in_the_way_are_errors()
    {
        string picture = _folder.Picture("a.png");
        Directory.CreateDirectory(_folder.File("taken.perco"));
        File.WriteAllText(_folder.File("file"), "mine");
        File.WriteAllText(_folder.File("sub"), "mine");
        _folder.Picture("in/sub/b.png");

        // A folder where a file is expected takes the file into it; beside the picture it is in the way.
        string beside = _folder.Picture("taken.png");
        Assert.Contains(
            "is a folder", Failure("encode", beside, "--no-caption"), StringComparison.Ordinal);
        Assert.Contains(
            "is a file", Failure("encode", _folder.File("in"), "-R", "-o", _folder.File("file"), "--no-caption"),
            StringComparison.Ordinal);
        Assert.Contains(
            "is a file", Failure("encode", _folder.File("in"), "-R", "-o", _folder.Path, "--no-caption"),
            StringComparison.Ordinal);
        Assert.Contains(
            "input itself", Failure("encode", picture, "-o", picture, "--force", "--no-caption"),
            StringComparison.Ordinal);
        Assert.Contains(
            $"{picture} is a file", Failure("encode", picture, "-o", $"{picture}/a.perco", "--no-caption"),
            StringComparison.Ordinal);
        Assert.Contains(
            "missing/: there is no such folder.", Failure("encode", _folder.File("missing/"), "--no-caption"),
            StringComparison.Ordinal);
        Assert.Equal(["a.png", "file", "in/sub/b.png", "sub", "taken.png"], _folder.All());
        Assert.Equal("mine", File.ReadAllText(_folder.File("sub")));
    }

    [SkippableFact]
    public void A_folder_that_cannot_be_written_to_is_an_error()
    {
        Skip.IfNot(Directory.Exists("/proc/self"), "Needs a folder that nobody can write to, such as Linux's /proc.");
        string picture = _folder.Picture("a.png");
        string error = Failure("encode", picture, "-o", "/proc/self/a.perco", "--no-caption");
        Assert.Contains("/proc/self/a.perco: cannot be written", error, StringComparison.Ordinal);
    }

    [SkippableFact]
    public void A_read_only_folder_is_an_error()
    {
        Skip.If(OperatingSystem.IsWindows(), "Needs POSIX's permissions.");
        Skip.If(Environment.UserName == "root", "The superuser may write to any folder.");
        string picture = _folder.Picture("a.png");
        var locked = CliProcess.Shell(
            $"chmod 500 {_folder.Path}; $P encode {picture} --no-caption; code=$?; "
            + $"chmod 700 {_folder.Path}; exit $code");
        Assert.Equal(1, locked.ExitCode);
        Assert.Contains("cannot be written", locked.Error, StringComparison.Ordinal);
        Assert.Equal(["a.png"], _folder.All());
    }

    [Fact]
    public void Files_of_PerCo_SD_are_written_and_read_by_content()
    {
        string picture = _folder.Picture("a.png", 64, 48), file = _folder.File("a.pkl");
        var encode = CliProcess.Run("encode", picture, file, "--caption", "a meadow");
        Assert.True(encode.ExitCode == 0, encode.Error);
        string renamed = _folder.File("b.dat");
        File.Move(file, renamed);

        var info = CliProcess.Run("info", renamed);
        Assert.Contains("64x48", info.Output, StringComparison.Ordinal);
        Assert.Contains("a meadow", info.Output, StringComparison.Ordinal);
        var decode = CliProcess.Run("decode", renamed, _folder.File("b.png"), "--steps", "1");
        Assert.True(decode.ExitCode == 0, decode.Error);

        // The same symbols decode to the same picture from either container.
        Assert.Equal(0, CliProcess.Run("encode", picture, _folder.File("a.perco"), "--caption", "a meadow").ExitCode);
        Assert.Equal(0, CliProcess.Run("decode", _folder.File("a.perco"), _folder.File("c.png"), "--steps", "1")
            .ExitCode);
        Assert.Equal(File.ReadAllBytes(_folder.File("b.png")), File.ReadAllBytes(_folder.File("c.png")));

        Assert.Contains(
            "multiples of 16", Failure("encode", _folder.Picture("odd.png", 50, 37), "--format", "pkl", "--no-caption"),
            StringComparison.Ordinal);
        Assert.Equal(2, CliProcess.Run("encode", picture, _folder.File("s.pkl"), "--seed", "1", "--no-caption")
            .ExitCode);
    }

    [Fact]
    public void A_target_in_bytes_picks_a_rate_or_says_that_none_fits()
    {
        string picture = _folder.Picture("a.png", 64, 64), file = _folder.File("a.perco");
        var fits = CliProcess.Run("encode", picture, file, "--no-caption", "--target-bytes", "100");
        Assert.True(fits.ExitCode == 0, fits.Error);
        Assert.InRange(new FileInfo(file).Length, 1, 100);
        Assert.True(PerCoFile.Load(file).Grid.HasCodes);
        Assert.Contains(
            "--target-bytes", Failure("encode", picture, "-f", "--no-caption", "--target-bytes", "20"),
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_compressed_file_does_not_get_a_picture_s_name()
    {
        string picture = _folder.Picture("a.png");
        var refused = CliProcess.Run("encode", picture, "-o", _folder.File("b.png"), "--no-caption");
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("is a picture's name", refused.Error, StringComparison.Ordinal);
        Assert.Equal(["a.png"], _folder.All());
    }

    [Fact]
    public void A_picture_without_an_ending_is_a_PNG()
    {
        string file = _folder.File("a.perco"), drawn = _folder.File("drawn");
        CliProcess.Run("encode", _folder.Picture("a.png"), file, "--no-caption");
        var decode = CliProcess.Run("decode", file, "-o", drawn);
        Assert.True(decode.ExitCode == 0, decode.Error);
        Assert.Equal("PNG", ImageFormats.Of(File.ReadAllBytes(drawn)).Name);
    }

    [SkippableFact]
    public void Two_runs_share_a_log_without_losing_a_line()
    {
        Skip.If(OperatingSystem.IsWindows() || OperatingSystem.IsMacOS(), "Needs bash, and locks of files.");
        const int Files = 40;
        for (int i = 0; i < Files; i++)
        {
            _folder.Picture($"a/a{i}.png", 16, 16);
            _folder.Picture($"b/b{i}.png", 16, 16);
        }

        string Run(string name) => $"$P encode {_folder.File(name)} -o {_folder.File("out")} -q --no-caption "
            + $"--device cpu --log {_folder.File("log.jsonl")}";
        var run = CliProcess.Shell($"{Run("a")} & {Run("b")}; wait");
        Assert.Equal("", run.Error);
        string[] lines = File.ReadAllLines(_folder.File("log.jsonl"));
        Assert.Equal(2 * Files, lines.Length);
        Assert.Equal(2 * Files, lines.Select(Input).Distinct().Count());

        static string? Input(string line)
        {
            using JsonDocument json = JsonDocument.Parse(line);
            return json.RootElement.GetProperty("input").GetString();
        }
    }

    public void Dispose() => _folder.Dispose();

    private static string Failure(params string[] arguments)
    {
        var run = CliProcess.Run(CliProcess.OnCpu(arguments));
        Assert.Equal(1, run.ExitCode);
        Assert.Single(run.Error.TrimEnd().Split('\n'));
        return run.Error;
    }
}
