using System.Text;
using PerCo.Engine.Codec;
using PerCo.Engine.Imaging;
using Xunit;

namespace PerCo.Engine.Tests.Cli;

/// <summary>Standard input and output.</summary>
public sealed class StreamTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void A_picture_goes_through_pipes_and_back()
    {
        byte[] picture = File.ReadAllBytes(_folder.Picture("a.png", 40, 24));

        var encode = CliProcess.Pipe(picture, "encode", "-", "-", "--no-caption", "--seed", "3");
        Assert.True(encode.ExitCode == 0, encode.Error);
        Assert.Equal(40, PerCoFile.Parse(encode.Output).Width);
        Assert.Equal(3ul, PerCoFile.Parse(encode.Output).Seed);

        var decode = CliProcess.Pipe(encode.Output, "decode", "-", "-", "--steps", "1", "--format", "ppm", "-q");
        Assert.Equal((0, ""), (decode.ExitCode, decode.Error));
        Assert.Equal("P6", Encoding.ASCII.GetString(decode.Output[..2]));
        Image image = ImageFormats.Decode(decode.Output);
        Assert.Equal((40, 24), (image.Width, image.Height));

        var png = CliProcess.Pipe(encode.Output, "decode", "-", "--steps", "1");
        Assert.Equal(image.Pixels.ToArray(), ImageFormats.Decode(png.Output).Pixels.ToArray());

        var info = CliProcess.Pipe(encode.Output, "info", "-");
        Assert.Contains("40x24", Encoding.UTF8.GetString(info.Output), StringComparison.Ordinal);
        Assert.Equal(["a.png"], _folder.All());
    }

    [Fact]
    public void A_failure_leaves_standard_output_empty()
    {
        var run = CliProcess.Pipe("no picture"u8.ToArray(), "encode", "-", "-", "--no-caption");
        Assert.Equal(1, run.ExitCode);
        Assert.Empty(run.Output);
        Assert.StartsWith("percoengine: ", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("encode", "-", "-", "--json")]
    [InlineData("encode", "a.png", "b.png", "-")]
    [InlineData("decode", "a.perco", "-", "--samples", "2")]
    [InlineData("encode", "-", "-o", ".")]
    public void What_cannot_go_together_is_wrong_usage(params string[] arguments)
    {
        var run = CliProcess.Run(arguments);
        Assert.Equal(2, run.ExitCode);
        Assert.Empty(run.Output);
    }

    [SkippableFact]
    public void A_full_disk_is_an_error()
    {
        Skip.IfNot(File.Exists("/dev/full"), "There is no /dev/full.");
        string picture = _folder.Picture("a.png");
        var direct = CliProcess.Run("encode", picture, "-o", "/dev/full", "--no-caption");
        Assert.Equal(1, direct.ExitCode);
        Assert.Contains("cannot be written", direct.Error, StringComparison.Ordinal);

        var piped = CliProcess.Shell($"$P encode {picture} - --no-caption > /dev/full");
        Assert.Equal(1, piped.ExitCode);
        Assert.Contains("standard output: cannot be written", piped.Error, StringComparison.Ordinal);
        Assert.Equal(["a.png"], _folder.All());
    }

    [SkippableFact]
    public void Pipes_and_what_a_shell_has_opened_are_written_and_not_replaced()
    {
        Skip.If(OperatingSystem.IsWindows(), "Needs bash.");
        string encode = $"$P encode {_folder.Picture("a.png")} --no-caption -q";
        byte[] expected = CliProcess.Shell($"{encode} -o {_folder.File("a.perco")}").ExitCode == 0
            ? File.ReadAllBytes(_folder.File("a.perco")) : [];

        var run = CliProcess.Shell(
            $"cd {_folder.Path}; mkfifo pipe; cat pipe > 1 & {encode} -o pipe --force && wait && test -p pipe"
            + $" && {encode} -o /dev/stdout | cat > 2 && {encode} -o /dev/stdout > 3 && {encode} -o >(cat > 4)"
            + $" && printf before > 5 && {encode} -o /dev/stdout >> 5; code=$?; sleep 0.2; exit $code");
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        Assert.All(["1", "2", "3", "4"], name => Assert.Equal(expected, File.ReadAllBytes(_folder.File(name))));
        Assert.Equal([.. "before"u8, .. expected], File.ReadAllBytes(_folder.File("5")));
    }

    [SkippableTheory]
    [InlineData("ops")]
    [InlineData("devices --json")]
    [InlineData("man")]
    [InlineData("completion bash")]
    [InlineData("encode --help")]
    public void What_standard_output_cannot_take_is_said_plainly(string arguments)
    {
        Skip.IfNot(File.Exists("/dev/full"), "There is no /dev/full.");
        var full = CliProcess.Shell($"$P {arguments} > /dev/full");
        Assert.Equal(1, full.ExitCode);
        Assert.Equal("percoengine: standard output: cannot be written: No space left on device.", full.Error.Trim());
    }

    [SkippableFact]
    public void A_reader_that_goes_away_is_no_reason_to_complain()
    {
        Skip.If(OperatingSystem.IsWindows(), "Needs bash.");
        string picture = _folder.Picture("a.png");
        var run = CliProcess.Shell(
            $"$P info {TestPaths.DefaultModel} --json | head -c 1; $P encode {picture} - --no-caption -q | head -c 1");
        Assert.Equal(0, run.ExitCode);
        Assert.Equal("", run.Error);
    }

    public void Dispose() => _folder.Dispose();
}
