using System.CommandLine;
using PerCo.Engine.Cli.Documents;

namespace PerCo.Engine.Cli.Verbs;

/// <summary>completion: scripts by which shells complete verbs and options.</summary>
internal static class CompletionCommand
{
    public static Command Build(RootCommand root)
    {
        Argument<string> shell = new Argument<string>("shell")
        {
            Description = "bash, zsh, fish or pwsh.",
        }.Among([.. CompletionScripts.Shells]);
        var command = new Command(
            "completion",
            """
            Print a script that completes this program's verbs and options in a shell.

            Examples:
              percoengine completion bash > ~/.local/share/bash-completion/completions/percoengine
              percoengine completion zsh > ~/.zfunc/_percoengine
              percoengine completion fish > ~/.config/fish/completions/percoengine.fish
              percoengine completion pwsh >> $PROFILE
            """)
        {
            shell,
        };
        command.SetAction(parsed => Console.Out.Write(CompletionScripts.For(
            parsed.GetValue(shell)!.ToLowerInvariant(), root)));
        return command;
    }
}
