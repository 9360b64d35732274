using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using PerCo.Engine.IO;

namespace PerCo.Engine.Diffusion;

/// <summary>
/// A diffusers <c>scheduler_config.json</c>: fields by name. Each scheduler reads the fields of its own class and takes
/// that class's default (diffusers 0.27) where the file has none. So a file written for one class also serves another,
/// as diffusers' <c>from_config</c> does: fields that both know are carried over, the rest are defaults.
/// </summary>
internal sealed class SchedulerConfig
{
    private const int MaxFileBytes = 1 << 20;

    private readonly JsonElement _root;

    private SchedulerConfig(JsonElement root, string source)
    {
        _root = root;
        Source = source;
        ClassName = Text("_class_name", string.Empty);
    }

    /// <summary>Where the fields came from, for messages.</summary>
    public string Source { get; }

    /// <summary>
    /// The class that the file was written for, e.g. <c>DDIMScheduler</c>; empty where it names none.
    /// </summary>
    public string ClassName { get; }

    /// <summary>Reads a file.</summary>
    /// <param name="path">The path of a scheduler_config.json of at most 1 MiB.</param>
    /// <exception cref="PerCoException">The file is missing, too large or not a JSON object.</exception>
    public static SchedulerConfig Load(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        try
        {
            FileInfo file = new(path);
            if (file.Length > MaxFileBytes)
            {
                throw new PerCoException(
                    $"{path}: {file.Length} bytes, expected a scheduler_config.json of at most {MaxFileBytes}.");
            }

            return Parse(File.ReadAllBytes(path), path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new PerCoException(
                $"{path}: cannot be read: {FileReason.Of(e, path)} Is the model folder complete?", e);
        }
    }

    /// <summary>Reads a file's content.</summary>
    /// <param name="utf8">JSON in UTF-8; Python's bare NaN and Infinity are accepted, as diffusers writes them.</param>
    /// <param name="source">A name for messages.</param>
    /// <exception cref="PerCoException">The content is not a JSON object.</exception>
    public static SchedulerConfig Parse(ReadOnlySpan<byte> utf8, string source)
    {
        ArgumentNullException.ThrowIfNull(source);

        // The parser would accept it, and fail where a name or text is first looked at.
        if (!Utf8.IsValid(utf8))
        {
            throw new PerCoException($"{source}: the scheduler's configuration is not UTF-8. Fetch the file again.");
        }

        try
        {
            using JsonDocument document = StrictJson.Parse(PythonNumbers.Quote(utf8.ToArray()));
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                throw new PerCoException(
                    $"{source}: the scheduler's configuration is a JSON {document.RootElement.ValueKind}, "
                    + "expected an object. Take scheduler_config.json from the model's scheduler folder.");
            }

            return new SchedulerConfig(document.RootElement.Clone(), source);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // The second kind is a name with an escaped half of a surrogate pair.
            string where = e is JsonException { LineNumber: { } line } ? $" (line {line + 1})" : "";
            throw new PerCoException(
                $"{source}: the scheduler's configuration is not JSON{where}. "
                + "Take scheduler_config.json from the model's scheduler folder again.",
                e);
        }
    }

    internal int Integer(string field, int fallback, int min, int max)
    {
        if (!TryGet(field, out JsonElement value))
        {
            return fallback;
        }

        if (value.ValueKind != JsonValueKind.Number || !value.TryGetInt32(out int number)
            || number < min || number > max)
        {
            throw Bad(field, $"a whole number from {min} to {max}");
        }

        return number;
    }

    internal double Number(string field, double fallback, double min, double max)
    {
        if (!TryGet(field, out JsonElement value))
        {
            return fallback;
        }

        double number = value.ValueKind switch
        {
            JsonValueKind.Number => value.GetDouble(),
            JsonValueKind.String when value.ValueEquals("-Infinity") => double.NegativeInfinity,
            JsonValueKind.String when value.ValueEquals("Infinity") => double.PositiveInfinity,
            _ => double.NaN,
        };
        return number >= min && number <= max ? number : throw Bad(field, $"a number from {min} to {max}");
    }

    /// <summary>A number that may be absent or null.</summary>
    internal double? OptionalNumber(string field, double min, double max)
        => TryGet(field, out JsonElement value) && value.ValueKind != JsonValueKind.Null
            ? Number(field, 0, min, max)
            : null;

    /// <summary>A flag; null counts as false, as in Python.</summary>
    internal bool Flag(string field, bool fallback)
    {
        if (!TryGet(field, out JsonElement value))
        {
            return fallback;
        }

        return value.ValueKind switch
        {
            JsonValueKind.True => true,
            JsonValueKind.False or JsonValueKind.Null => false,
            _ => throw Bad(field, "true or false"),
        };
    }

    internal string Text(string field, string fallback)
    {
        if (!TryGet(field, out JsonElement value))
        {
            return fallback;
        }

        try
        {
            return value.ValueKind == JsonValueKind.String ? value.GetString()! : throw Bad(field, "a string");
        }
        catch (InvalidOperationException)
        {
            // An escaped half of a surrogate pair is valid JSON but no text.
            throw Bad(field, "valid Unicode");
        }
    }

    /// <summary>A string that may be absent or null.</summary>
    internal string? OptionalText(string field)
        => TryGet(field, out JsonElement value) && value.ValueKind != JsonValueKind.Null
            ? Text(field, string.Empty)
            : null;

    /// <summary>One of several words, as the value paired with it.</summary>
    internal T Choice<T>(string field, string fallback, params ReadOnlySpan<(string Word, T Value)> choices)
    {
        string word = Text(field, fallback);
        StringBuilder words = new();
        foreach ((string candidate, T value) in choices)
        {
            if (word == candidate)
            {
                return value;
            }

            words.Append(words.Length == 0 ? "" : ", ").Append(candidate);
        }

        throw Bad(field, $"one of {words}");
    }

    /// <summary>A list of numbers that may be absent or null.</summary>
    internal float[]? OptionalNumbers(string field, int count, double min, double max)
    {
        if (!TryGet(field, out JsonElement value) || value.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        if (value.ValueKind != JsonValueKind.Array || value.GetArrayLength() != count)
        {
            throw Bad(field, $"null or {count} numbers");
        }

        float[] numbers = new float[count];
        for (int i = 0; i < count; i++)
        {
            double number = value[i].ValueKind == JsonValueKind.Number ? value[i].GetDouble() : double.NaN;
            numbers[i] = number >= min && number <= max
                ? (float)number
                : throw Bad(field, $"{count} numbers from {min} to {max}");
        }

        return numbers;
    }

    /// <summary>Refuses an option that would change the result and that is not implemented.</summary>
    internal void RefuseFlag(string field)
    {
        if (Flag(field, false))
        {
            throw Bad(field, "false (this option is not implemented)");
        }
    }

    internal PerCoException Bad(string field, string expected)
    {
        string got = TryGet(field, out JsonElement value) ? value.GetRawText() : "absent";
        if (got.Length > 40)
        {
            got = string.Concat(got.AsSpan(0, 37), "...");
        }

        return new PerCoException(
            $"{Source}: field '{field}' is {got.ReplaceLineEndings(" ")}, expected {expected}. "
            + "Correct the file, or choose another scheduler.") { Remedies = [Remedy.Scheduler] };
    }

    private bool TryGet(string field, out JsonElement value) => _root.TryGetProperty(field, out value);
}
