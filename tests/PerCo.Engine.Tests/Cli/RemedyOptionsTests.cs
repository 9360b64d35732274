using System.CommandLine;
using PerCo.Engine.Cli;
using Xunit;

namespace PerCo.Engine.Tests.Cli;

/// <summary>The library's errors name settings in words, the command line adds what they are called there.</summary>
public sealed class RemedyOptionsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<Remedy> Remedies => new(Enum.GetValues<Remedy>());

    [Theory]
    [MemberData(nameof(Remedies))]
    public void Every_remedy_is_an_option_that_a_verb_takes(Remedy remedy)
    {
        string[] parts = RemedyOptions.Option(remedy).Split(' ');
        Option[] options =
        [
            .. CommandLineApp.Build().Subcommands.SelectMany(verb => verb.Options).Where(o => o.Name == parts[0]),
        ];
        Assert.NotEmpty(options);
        Assert.All(parts[1..], value =>
            Assert.Empty(CommandLineApp.Build().Parse(["decode", "a", parts[0], value]).Errors));
    }

    [Fact]
    public void Options_follow_the_message_in_one_sentence()
    {
        Assert.Equal("Wrong.", ErrorText.Of(new PerCoException("Wrong.")));
        Assert.Equal("Wrong. Use --steps.", Text(Remedy.Steps));
        Assert.Equal("Wrong. Use --model or --any-model.", Text(Remedy.Model, Remedy.AnyModel));
        Assert.Equal(
            "Wrong. Use --batch, --precision fp16 or --device cpu.",
            Text(Remedy.FewerPictures, Remedy.Fp16, Remedy.Cpu));

        static string Text(params Remedy[] remedies) =>
            ErrorText.Of(new PerCoException("Wrong.") { Remedies = remedies });
    }

    [Fact]
    public void What_helps_against_the_cause_helps_against_the_error()
    {
        var cause = new PerCoException("Too large.") { Remedies = [Remedy.PixelLimit] };
        Assert.Equal("a.png: No. Use --max-pixels.", ErrorText.Of(new PerCoException("a.png: No.", cause)));
        Assert.Empty(new PerCoException("Wrong.", cause) { Remedies = [] }.Remedies);
        Assert.Empty(new PerCoException("Wrong.", new IOException()).Remedies);
    }

    [Fact]
    public void Users_are_told_which_option_helps()
    {
        string picture = _folder.Picture("a.png");
        Check("Use --model.", "encode", picture, "--model", _folder.File("none"), "--no-caption");
        Check("Use --max-pixels.", "encode", picture, "--max-pixels", "100", "--no-caption");
        Check("Use --max-pixels.", "eval", picture, "--max-pixels", "100", "--no-caption");
        Assert.Equal(0, CliProcess.Run("encode", picture, _folder.File("a.perco"), "--no-caption").ExitCode);
        Check("Use --max-pixels.", "decode", _folder.File("a.perco"), "--max-pixels", "100");

        static void Check(string advice, params string[] arguments)
        {
            (int exitCode, _, string error) = CliProcess.Run([.. arguments, "--quiet"]);
            Assert.Equal(1, exitCode);
            Assert.EndsWith(advice, error.TrimEnd().Split('\n')[0], StringComparison.Ordinal);
        }
    }

    public void Dispose() => _folder.Dispose();
}
