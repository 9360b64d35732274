using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Numerics;

namespace PerCo.Engine.Cli.Verbs;

/// <summary>What options and arguments may be: else is wrong usage, said with what is expected on one line.</summary>
internal static class OptionRules
{
    /// <summary>From <paramref name="min"/> to <paramref name="max"/>, both allowed; NaN never is.</summary>
    public static Option<T?> Between<T>(this Option<T?> option, T min, T max)
        where T : struct, INumber<T> =>
        option.Parsed(value => value >= min && value <= max, $"expected a number from {min} to {max}");

    /// <summary>Above 0 and finite.</summary>
    public static Option<double?> Positive(this Option<double?> option) =>
        option.Parsed(value => value > 0 && double.IsFinite(value), "expected a number above 0");

    /// <summary>Any number of the type.</summary>
    public static Option<ulong?> Number(this Option<ulong?> option) =>
        option.Parsed(_ => true, $"expected a whole number from 0 to {ulong.MaxValue}");

    /// <summary>One of some names, in any case.</summary>
    public static Option<string?> Among(this Option<string?> option, params string[] names)
    {
        option.Validators.Add(result =>
        {
            if (!result.Errors.Any() && result.GetValueOrDefault<string?>() is { } value
                && !names.Contains(value, StringComparer.OrdinalIgnoreCase))
            {
                result.AddError($"{option.Name} is '{value}', expected one of {string.Join(", ", names)}.");
            }
        });
        option.CompletionSources.Add(names);
        return option;
    }

    /// <summary>One of some names of an enumeration, in any case; its numbers are none.</summary>
    public static Option<T> Named<T>(this Option<T> option, params string[] names)
        where T : struct, Enum
    {
        option.CustomParser = result =>
        {
            string text = result.Tokens[0].Value;
            if (names.Contains(text, StringComparer.OrdinalIgnoreCase))
            {
                return Enum.Parse<T>(text, ignoreCase: true);
            }

            result.AddError($"{option.Name} is '{text}', expected one of {string.Join(", ", names)}.");
            return default;
        };
        option.CompletionSources.Clear(); // All names of the enumeration.
        option.CompletionSources.Add(names);
        return option;
    }

    /// <summary>Paths, among which a mistyped option must not pass for one.</summary>
    public static Argument<T> Paths<T>(this Argument<T> argument)
    {
        argument.Validators.Add(result =>
        {
            foreach (string path in result.Tokens.Select(t => t.Value))
            {
                if (path.Length == 0)
                {
                    result.AddError("A path is empty.");
                }
                else if (path.Length > 1 && path[0] == '-')
                {
                    result.AddError($"There is no option {path}; a file of that name is written ./{path}.");
                }
            }
        });
        return argument;
    }

    /// <summary>A path, which is not empty.</summary>
    public static Option<string?> NotEmpty(this Option<string?> option)
    {
        option.Validators.Add(result =>
        {
            if (result.Tokens.Any(token => token.Value.Length == 0))
            {
                result.AddError($"{option.Name} is empty, expected a path.");
            }
        });
        return option;
    }

    /// <summary>Any of some names, in any case.</summary>
    public static Option<string[]> Among(this Option<string[]> option, params string[] names)
    {
        option.AllowMultipleArgumentsPerToken = true;
        option.CustomParser = result =>
        {
            foreach (string value in result.Tokens.Select(token => token.Value))
            {
                if (!names.Contains(value, StringComparer.OrdinalIgnoreCase))
                {
                    result.AddError($"{option.Name} is '{value}', expected one of {string.Join(", ", names)}.");
                }
            }

            // In the spelling of the names.
            return [.. names.Where(name => result.Tokens.Any(
                token => token.Value.Equals(name, StringComparison.OrdinalIgnoreCase)))];
        };
        option.CompletionSources.Add(names);
        return option;
    }

    /// <summary>One of some names, in any case.</summary>
    public static Argument<string> Among(this Argument<string> argument, params string[] names)
    {
        argument.Validators.Add(result =>
        {
            if (!result.Errors.Any() && result.GetValueOrDefault<string>() is { } value
                && !names.Contains(value, StringComparer.OrdinalIgnoreCase))
            {
                result.AddError($"{argument.Name} is '{value}', expected one of {string.Join(", ", names)}.");
            }
        });
        argument.CompletionSources.Add(names);
        return argument;
    }

    /// <summary>
    /// What an option says, for validators of a whole command: they run before values are known to be right, and asking
    /// for a wrong one throws. What is wrong with it is said by the option itself.
    /// </summary>
    public static T? ValueIfRight<T>(this SymbolResult result, Option<T> option)
    {
        try
        {
            return result.GetValue(option);
        }
        catch (InvalidOperationException)
        {
            return default;
        }
    }

    /// <summary>An option after one that takes text or a path must not become that text or path.</summary>
    /// <param name="command">The verb, with all its options.</param>
    /// <param name="everywhere">Options of all verbs.</param>
    public static void KeepOptionsApart(this Command command, IEnumerable<Option> everywhere)
    {
        HashSet<string> names =
            [.. command.Options.Concat(everywhere).SelectMany(option => option.Aliases.Append(option.Name))];
        foreach (Option option in command.Options.Where(option => option.ValueType == typeof(string)))
        {
            option.Validators.Add(result =>
            {
                if (result.Tokens.FirstOrDefault(token => names.Contains(token.Value)) is { } swallowed)
                {
                    result.AddError($"{option.Name} has no value: {swallowed.Value} after it is an option.");
                }
            });
        }
    }

    // Parsed here, because System.CommandLine's own refusal names a type of .NET instead of what is expected.
    private static Option<T?> Parsed<T>(this Option<T?> option, Func<T, bool> accepted, string expected)
        where T : struct, INumber<T>
    {
        option.CustomParser = result =>
        {
            string text = result.Tokens[0].Value;
            if (T.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out T value) && accepted(value))
            {
                return value;
            }

            result.AddError($"{option.Name} is '{text}', {expected}.");
            return null;
        };
        return option;
    }
}
