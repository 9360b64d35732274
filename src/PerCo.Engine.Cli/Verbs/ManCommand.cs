using System.CommandLine;
using PerCo.Engine.Cli.Documents;

namespace PerCo.Engine.Cli.Verbs;

/// <summary>man: prints the manual page, docs/percoengine.1, from the texts of the help.</summary>
internal static class ManCommand
{
    public static Command Build(RootCommand root)
    {
        var command = new Command(
            "man",
            """
            Print the manual page.

            Examples:
              percoengine man > docs/percoengine.1
            """);
        command.SetAction(_ => Console.Out.Write(ManualPage.Of(root)));
        return command;
    }
}
