using System.CommandLine;
using System.Text;

namespace PerCo.Engine.Cli.Documents;

/// <summary>Completion scripts, made from the verbs and options. They start no process.</summary>
internal static class CompletionScripts
{
    private const string Program = "percoengine";

    public static IReadOnlyList<string> Shells { get; } = ["bash", "zsh", "fish", "pwsh"];

    public static string For(string shell, RootCommand root) => (shell switch
    {
        "bash" => Bash(root),
        "zsh" => Zsh(root),
        "fish" => Fish(root),
        "pwsh" => PowerShell(root),
        _ => throw new ArgumentOutOfRangeException(nameof(shell), shell, "No such shell."),
    }).ReplaceLineEndings("\n");

    private static string Bash(RootCommand root)
    {
        var script = new StringBuilder();
        script.Append(
            $$"""
            # bash completion of {{Program}}
            _{{Program}}()
            {
                local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} verb=${COMP_WORDS[1]}
                local options="" values=""
                COMPREPLY=()
                if [ "$COMP_CWORD" -eq 1 ]; then
                    COMPREPLY=($(compgen -W "{{string.Join(' ', AllNames(root))}} --help --version" -- "$word"))
                    return
                fi
                case "$verb" in

            """);
        foreach (Command verb in CommandTexts.Verbs(root))
        {
            script.Append($"        {string.Join('|', CommandTexts.Names(verb))})\n");
            script.Append($"            options=\"{string.Join(' ', OptionNames(verb))}\"\n");
            script.Append("            case \"$before\" in\n");
            foreach ((string names, IReadOnlyList<string> values) in Valued(verb, "|"))
            {
                script.Append($"                {names}) values=\"{string.Join(' ', values)}\" ;;\n");
            }

            script.Append("            esac\n");
            script.Append(Arguments(verb) is { Count: > 0 } words
                ? $"            options=\"$options {string.Join(' ', words)}\"\n" : "");
            script.Append("            ;;\n");
        }

        script.Append(
            $$"""
                esac
                if [ -n "$values" ]; then
                    COMPREPLY=($(compgen -W "$values" -- "$word"))
                elif [[ "$word" == -* ]]; then
                    COMPREPLY=($(compgen -W "$options" -- "$word"))
                elif [ "$verb" = completion ]; then
                    COMPREPLY=($(compgen -W "{{string.Join(' ', Shells)}}" -- "$word"))
                else
                    compopt -o filenames
                    mapfile -t COMPREPLY < <(compgen -f -- "$word")
                fi
            }
            complete -F _{{Program}} {{Program}}

            """);
        return script.ToString();
    }

    private static string Zsh(RootCommand root)
    {
        var script = new StringBuilder();
        script.Append($"#compdef {Program}\n_{Program}()\n{{\n    local -a verbs\n    verbs=(\n");
        foreach (Command verb in CommandTexts.Verbs(root))
        {
            foreach (string name in CommandTexts.Names(verb))
            {
                script.Append($"        {Quote($"{name}:{CommandTexts.Summary(verb)}")}\n");
            }
        }

        script.Append(
            """
                )
                if (( CURRENT == 2 )); then
                    _describe verb verbs
                    return
                fi
                local verb=$words[2]
                shift words
                (( CURRENT-- ))
                case $verb in

            """);
        foreach (Command verb in CommandTexts.Verbs(root))
        {
            script.Append($"        {string.Join('|', CommandTexts.Names(verb))})\n            _arguments -S");
            foreach (Option option in CommandTexts.Options(verb))
            {
                IReadOnlyList<string> values = CommandTexts.Values(option);
                string what = values.Count > 0 ? $"({string.Join(' ', values)})" : "_files";
                string action = CommandTexts.TakesValue(option) ? $":{option.HelpName ?? "value"}:{what}" : "";
                foreach (string name in CommandTexts.Names(option))
                {
                    string text = CommandTexts.Brief(option.Description).Replace("[", "\\[").Replace("]", "\\]");
                    script.Append(" \\\n                ").Append(Quote($"{name}[{text}]{action}"));
                }
            }

            IReadOnlyList<string> words = Arguments(verb);
            script.Append(" \\\n                ")
                .Append(Quote(words.Count > 0 ? $"*:value:({string.Join(' ', words)})" : "*:file:_files"))
                .Append("\n            ;;\n");
        }

        return script.Append($"    esac\n}}\n_{Program} \"$@\"\n").ToString();
    }

    private static string Fish(RootCommand root)
    {
        var script = new StringBuilder($"# fish completion of {Program}\n");
        foreach (Command verb in CommandTexts.Verbs(root))
        {
            foreach (string name in CommandTexts.Names(verb))
            {
                script.Append($"complete -c {Program} -f -n __fish_use_subcommand -a {name} -d ")
                    .Append(Quote(CommandTexts.Summary(verb))).Append('\n');
            }

            string condition = Quote($"__fish_seen_subcommand_from {string.Join(' ', CommandTexts.Names(verb))}");
            foreach (Option option in CommandTexts.Options(verb))
            {
                script.Append($"complete -c {Program} -n {condition}");
                foreach (string name in CommandTexts.Names(option))
                {
                    script.Append(name.StartsWith("--", StringComparison.Ordinal) ? $" -l {name[2..]}"
                        : $" -s {Quote(name[1..])}");
                }

                IReadOnlyList<string> values = CommandTexts.Values(option);
                script.Append(values.Count > 0 ? $" -x -a {Quote(string.Join(' ', values))}"
                    : CommandTexts.TakesValue(option) ? " -r" : "");
                script.Append($" -d {Quote(CommandTexts.Brief(option.Description))}\n");
            }

            IReadOnlyList<string> words = Arguments(verb);
            if (words.Count > 0)
            {
                script.Append($"complete -c {Program} -f -n {condition} -a {Quote(string.Join(' ', words))}\n");
            }
        }

        return script.ToString();
    }

    private static string PowerShell(RootCommand root)
    {
        var script = new StringBuilder($"# PowerShell completion of {Program}\n");
        script.Append($"Register-ArgumentCompleter -Native -CommandName {Program} -ScriptBlock {{\n");
        script.Append("    param($word, $ast, $position)\n    $words = @{\n");
        foreach (Command verb in CommandTexts.Verbs(root))
        {
            IEnumerable<string> words = OptionNames(verb).Concat(Arguments(verb)).Select(Quote);
            foreach (string name in CommandTexts.Names(verb))
            {
                script.Append($"        '{name}' = @({string.Join(", ", words)})\n");
            }
        }

        script.Append("    }\n    $values = @{\n");
        foreach (Command verb in CommandTexts.Verbs(root))
        {
            foreach (string name in CommandTexts.Names(verb))
            {
                foreach ((string option, IReadOnlyList<string> values) in Valued(verb, null))
                {
                    script.Append($"        '{name} {option}' = @({string.Join(", ", values.Select(Quote))})\n");
                }
            }
        }

        script.Append(
            """
                }
                $before = @($ast.CommandElements | Where-Object { $_.Extent.EndOffset -lt $position } |
                    ForEach-Object { $_.ToString() })
                $offered = $words.Keys
                if ($before.Count -gt 1) {
                    $key = "$($before[1]) $($before[-1])"
                    $offered = if ($values.ContainsKey($key)) { $values[$key] } else { $words[$before[1]] }
                }
                $offered | Where-Object { $_ -like "$word*" } | Sort-Object |
                    ForEach-Object { [System.Management.Automation.CompletionResult]::new($_) }
            }

            """);
        return script.ToString();
    }

    private static IEnumerable<string> AllNames(RootCommand root) =>
        CommandTexts.Verbs(root).SelectMany(CommandTexts.Names);

    private static IEnumerable<string> OptionNames(Command verb) =>
        CommandTexts.Options(verb).SelectMany(CommandTexts.Names);

    private static IReadOnlyList<string> Arguments(Command verb) => verb.Name == "completion" ? Shells : [];

    /// <summary>Options with known values: their names, joined or each by itself.</summary>
    private static IEnumerable<(string Names, IReadOnlyList<string> Values)> Valued(Command verb, string? separator)
    {
        foreach (Option option in CommandTexts.Options(verb))
        {
            IReadOnlyList<string> values = CommandTexts.Values(option);
            if (values.Count == 0)
            {
                continue;
            }

            IReadOnlyList<string> names = CommandTexts.Names(option);
            foreach (string name in separator is null ? names : [string.Join(separator, names)])
            {
                yield return (name, values);
            }
        }
    }

    private static string Quote(string text) => $"'{text.Replace("'", "", StringComparison.Ordinal)}'";
}
