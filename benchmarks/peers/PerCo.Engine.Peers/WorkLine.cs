using System.Globalization;

namespace PerCo.Engine.Peers;

/// <summary>A piece of work in the form that all peers read: <c>conv2d height=64 width=64 inputs=320</c>.</summary>
internal sealed class WorkLine
{
    private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);

    /// <summary>Reads a line.</summary>
    /// <exception cref="FormatException">A word that is no name=value.</exception>
    public WorkLine(string text)
    {
        string[] words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        Op = words.Length > 0 ? words[0] : throw new FormatException("A work line is empty, expected an op.");
        foreach (string word in words.Skip(1))
        {
            int equals = word.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
            {
                throw new FormatException($"'{text}': '{word}' is no name=value.");
            }

            _values[word[..equals]] = word[(equals + 1)..];
        }
    }

    /// <summary>The first word.</summary>
    public string Op { get; }

    /// <summary>A number; without a default it must be there.</summary>
    /// <exception cref="FormatException">It is missing or no number.</exception>
    public int Int(string name, int? otherwise = null)
    {
        if (!_values.TryGetValue(name, out string? value))
        {
            return otherwise ?? throw new FormatException($"{Op}: {name} is missing.");
        }

        return int.TryParse(value, NumberStyles.Integer, CultureInfo.InvariantCulture, out int number)
            ? number
            : throw new FormatException($"{Op}: {name} is '{value}', expected a number.");
    }

    /// <summary>A text.</summary>
    /// <exception cref="FormatException">It is missing.</exception>
    public string Text(string name) =>
        _values.TryGetValue(name, out string? value) ? value : throw new FormatException($"{Op}: {name} is missing.");
}
