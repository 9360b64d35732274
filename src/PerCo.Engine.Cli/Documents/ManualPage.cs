using System.CommandLine;
using System.Text;

namespace PerCo.Engine.Cli.Documents;

/// <summary>The manual page, in man's macros of roff, made from the texts of the help.</summary>
internal static class ManualPage
{
    public static string Of(RootCommand root)
    {
        var page = new StringBuilder();
        page.Append(".\\\" Made by 'percoengine man'; change the help texts instead.\n");
        page.Append(".TH PERCOENGINE 1 \"\" \"PerCo.Engine\" \"User Commands\"\n");
        page.Append(".SH NAME\npercoengine \\- generative image compression (PerCo)\n");
        page.Append(".SH SYNOPSIS\n");
        foreach (Command verb in CommandTexts.Verbs(root))
        {
            string arguments = string.Concat(verb.Arguments.Select(a => " " + Usage(a)));
            // A line that begins with a blank would be a line of its own.
            page.Append($".B percoengine {verb.Name}\n{Escape((arguments + " [options]").Trim())}\n.br\n");
        }

        page.Append(".SH DESCRIPTION\n").Append(Escape(Flow(CommandTexts.Prose(root)))).Append('\n');
        foreach (Command verb in CommandTexts.Verbs(root))
        {
            Append(page, verb);
        }

        page.Append(
            """
            .SH EXIT STATUS
            0 done, 1 failed (of several files, at least one), 2 wrong usage, 130 cancelled by Ctrl\-C or SIGTERM.
            .SH ENVIRONMENT
            .TP
            .B NO_COLOR
            If it is set and not empty, progress bars have no colours.
            .TP
            .B PERCOENGINE_CACHE
            Folder for built kernels and for what was found out about devices, in place of the user's cache folder; off
            for none.
            .SH NOTES
            Messages and progress go to standard error; standard output carries data only. Outputs are written under a
            temporary name in their folder, flushed and renamed: they are whole or not there.
            Existing files are replaced only with \-\-force.

            """.ReplaceLineEndings("\n"));
        return page.ToString();
    }

    private static void Append(StringBuilder page, Command verb)
    {
        page.Append($".SH {Escape("PERCOENGINE " + verb.Name.ToUpperInvariant())}\n");
        page.Append(Escape(Flow(CommandTexts.Prose(verb)))).Append('\n');
        if (verb.Aliases.Count > 0)
        {
            page.Append($"Also called as {Escape(string.Join(", ", verb.Aliases.Select(a => "percoengine " + a)))}.\n");
        }

        foreach (Argument argument in verb.Arguments)
        {
            page.Append($".TP\n.I {Escape(argument.Name)}\n{Escape(argument.Description ?? "")}\n");
        }

        foreach (Option option in CommandTexts.Options(verb))
        {
            IEnumerable<string> names = CommandTexts.Names(option).Select(name => $"\\fB{Escape(name)}\\fR");
            string value = CommandTexts.TakesValue(option) ? $" \\fI{Escape(option.HelpName ?? "value")}\\fR" : "";
            string standard = option.HasDefaultValue && CommandTexts.TakesValue(option)
                && option.GetDefaultValue()?.ToString() is { Length: > 0 } text ? $" Default: {text}." : "";
            page.Append($".TP\n{string.Join(", ", names)}{value}\n");
            page.Append(Escape((option.Description ?? "") + standard)).Append('\n');
        }

        page.Append(".PP\nExamples:\n.PP\n.nf\n.RS\n");
        foreach (string example in CommandTexts.Examples(verb))
        {
            page.Append(Escape(example)).Append('\n');
        }

        page.Append(".RE\n.fi\n");
    }

    private static string Usage(Argument argument)
    {
        string many = argument.Arity.MaximumNumberOfValues > 1 ? "..." : "";
        return argument.Arity.MinimumNumberOfValues == 0 ? $"[{argument.Name}{many}]" : $"<{argument.Name}>{many}";
    }

    private static string Flow(string text) => text.Replace('\n', ' ');

    private static string Escape(string text)
    {
        string escaped = text.Replace("\\", "\\e", StringComparison.Ordinal)
            .Replace("-", "\\-", StringComparison.Ordinal);
        return escaped.StartsWith('.') || escaped.StartsWith('\'') ? "\\&" + escaped : escaped;
    }
}
