using System.CommandLine;
using System.CommandLine.Completions;

namespace PerCo.Engine.Cli.Documents;

/// <summary>What the help texts say, in pieces, for scripts and the manual page.</summary>
internal static class CommandTexts
{
    private const string ExamplesTitle = "Examples:";

    public static IEnumerable<Command> Verbs(RootCommand root) => root.Subcommands.Where(verb => !verb.Hidden);

    public static IEnumerable<string> Names(Command verb) => verb.Aliases.Prepend(verb.Name).Distinct();

    /// <summary>Options with their names, long ones first; help is every verb's.</summary>
    public static IEnumerable<Option> Options(Command verb) => verb.Options.Where(option => !option.Hidden);

    public static IReadOnlyList<string> Names(Option option) => [option.Name, .. option.Aliases];

    public static bool TakesValue(Option option) => option.Arity.MaximumNumberOfValues > 0
        && option.ValueType != typeof(bool);

    /// <summary>Values that an option is known to take.</summary>
    public static IReadOnlyList<string> Values(Option option) =>
        TakesValue(option) ? [.. option.GetCompletions(CompletionContext.Empty).Select(c => c.Label)] : [];

    /// <summary>The first sentence of a verb's description.</summary>
    public static string Summary(Command verb) => Prose(verb).Split(". ")[0].TrimEnd('.');

    /// <summary>The first sentence of an option's description, for menus.</summary>
    public static string Brief(string? description)
    {
        string text = description ?? "";
        int end = text.AsSpan().IndexOfAny(".:;");
        return end < 0 ? text : text[..end];
    }

    /// <summary>The description without its examples.</summary>
    public static string Prose(Command verb) => Parts(verb).Prose;

    /// <summary>The examples, a command a line.</summary>
    public static IReadOnlyList<string> Examples(Command verb) => Parts(verb).Examples;

    private static (string Prose, IReadOnlyList<string> Examples) Parts(Command verb)
    {
        string text = (verb.Description ?? "").ReplaceLineEndings("\n");
        int at = text.IndexOf(ExamplesTitle, StringComparison.Ordinal);
        return at < 0
            ? (text.Trim(), [])
            : (text[..at].Trim(), [.. text[(at + ExamplesTitle.Length)..].Split("\n\n")[0].Split('\n')
                .Select(line => line.Trim()).Where(line => line.Length > 0)]);
    }
}
