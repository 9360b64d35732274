using PerCo.Engine.Cli;
using PerCo.Engine.Cli.Documents;
using Xunit;

namespace PerCo.Engine.Tests.Cli;

/// <summary>Completion scripts, the manual page and terminals.</summary>
public sealed class ShellTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("bash")]
    [InlineData("zsh")]
    [InlineData("fish")]
    [InlineData("pwsh")]
    public void Completion_scripts_name_every_verb_and_option(string shell)
    {
        var root = CommandLineApp.Build();
        string script = CompletionScripts.For(shell, root);
        foreach (var verb in CommandTexts.Verbs(root))
        {
            Assert.All(CommandTexts.Names(verb), name => Assert.Contains(name, script, StringComparison.Ordinal));
            Assert.All(verb.Options, option => Assert.Contains(
                shell == "fish" ? $"-l {option.Name[2..]}" : option.Name, script, StringComparison.Ordinal));
        }
    }

    [SkippableTheory]
    [InlineData("percoengine dec", "decode decompress")]
    [InlineData("percoengine decode a.perco --sche", "--scheduler")]
    [InlineData("percoengine decode a.perco --scheduler e", "euler")]
    [InlineData("percoengine decode a.perco --weights F", "")]
    [InlineData("percoengine completion f", "fish")]
    [InlineData("percoengine info pho", "photo.perco")]
    public void Bash_completes(string line, string expected)
    {
        Skip.If(OperatingSystem.IsWindows(), "Needs bash.");
        string script = _folder.File("script.bash");
        File.WriteAllText(script, CompletionScripts.For("bash", CommandLineApp.Build()));
        File.WriteAllText(_folder.File("photo.perco"), "");
        var run = CliProcess.Shell(
            $"cd {_folder.Path}; compopt() {{ :; }}; . {script}; COMP_WORDS=({line}); "
            + "COMP_CWORD=$((${#COMP_WORDS[@]}-1)); _percoengine; echo \"${COMPREPLY[*]}\"");
        Assert.Equal((0, expected), (run.ExitCode, run.Output.Trim()));
    }

    [Fact]
    public void Completion_is_printed()
    {
        var run = CliProcess.Run("completion", "zsh");
        Assert.Equal(0, run.ExitCode);
        Assert.StartsWith("#compdef percoengine", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void The_manual_page_is_current()
    {
        string page = File.ReadAllText(Path.Combine(TestPaths.Root, "docs", "percoengine.1"));
        Assert.True(
            page == ManualPage.Of(CommandLineApp.Build()),
            "docs/percoengine.1 is not what the help says; run: percoengine man > docs/percoengine.1");

        // troff breaks a paragraph where a line begins with a blank.
        Assert.DoesNotContain("\n ", page, StringComparison.Ordinal);
    }

    [SkippableTheory]
    [InlineData("", true)]
    [InlineData("NO_COLOR=1", false)]
    public void A_terminal_shows_progress_without_colours_where_none_are_wanted(string setting, bool colours)
    {
        Skip.IfNot(OperatingSystem.IsLinux() && File.Exists("/usr/bin/script"), "Needs util-linux's script.");
        for (int i = 0; i < 3; i++)
        {
            _folder.Picture($"in/{i}.png", 64, 64);
        }

        var run = CliProcess.Shell(
            $"export TERM=xterm-256color; script -qec \"env {setting} $P encode {_folder.File("in")} --no-caption\" "
            + "/dev/null < /dev/null");
        Assert.Equal(0, run.ExitCode);
        Assert.Contains("of 3 files", run.Output, StringComparison.Ordinal);
        Assert.Contains("3 files: 3 done", run.Output, StringComparison.Ordinal);
        Assert.Equal(colours, run.Output.Contains("\u001b[38;5;", StringComparison.Ordinal));

        // The cursor, which bars hide, comes back.
        Assert.True(
            run.Output.LastIndexOf("\u001b[?25h", StringComparison.Ordinal)
            > run.Output.LastIndexOf("\u001b[?25l", StringComparison.Ordinal));
    }

    public void Dispose() => _folder.Dispose();
}
