using System.Globalization;
using System.Text.Json;
using System.Text.Unicode;
using PerCo.Engine.IO;

namespace PerCo.Engine.Weights;

/// <summary>
/// Typed access to a model's JSON (config.json, scheduler_config.json, perco.json …). A field that is missing or null
/// takes the given default, which is the original library's; a field of the wrong type or out of range is an error that
/// names the file and the field. Python's Infinity and NaN are understood.
/// </summary>
internal sealed class ConfigReader
{
    // The largest configs of these models are 100 kB; shard indexes reach a few MB.
    private const long MaxBytes = 64 << 20;

    private readonly JsonElement? _value;
    private readonly string _path;

    private ConfigReader(string file, string path, JsonElement? value)
    {
        File = file;
        _path = path;
        _value = value;
    }

    /// <summary>The file, as errors say it.</summary>
    public string File { get; }

    /// <summary>The names of all fields, in the file's order.</summary>
    public IEnumerable<string> Names => _value switch
    {
        null => [],
        { ValueKind: JsonValueKind.Array } list => Enumerable.Range(0, list.GetArrayLength()).Select(IndexName),
        { } fields => fields.EnumerateObject().Select(p => p.Name),
    };

    /// <summary>Reads a file.</summary>
    /// <exception cref="PerCoException">The file is missing, too large, or no JSON object.</exception>
    public static ConfigReader Load(string path)
    {
        byte[] json;
        try
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
            if (stream.Length > MaxBytes)
            {
                throw new PerCoException(
                    $"{path}: {stream.Length} bytes, expected a JSON file of at most {MaxBytes}.");
            }

            json = new byte[stream.Length];
            stream.ReadExactly(json);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new PerCoException($"{path}: cannot be read: {FileReason.Of(e, path)}", e);
        }

        return Parse(path, json);
    }

    /// <summary>Reads UTF-8 text.</summary>
    /// <param name="file">Where the text comes from, for errors.</param>
    /// <param name="json">The text, with or without a byte-order mark.</param>
    /// <exception cref="PerCoException">The text is no JSON object.</exception>
    public static ConfigReader Parse(string file, ReadOnlyMemory<byte> json)
    {
        if (json.Span.StartsWith((ReadOnlySpan<byte>)[0xEF, 0xBB, 0xBF]))
        {
            json = json[3..];
        }

        // The parser would accept it, and fail where a name or text is first looked at.
        if (!Utf8.IsValid(json.Span))
        {
            throw new PerCoException($"{file}: no valid UTF-8. Fetch the file again, or correct it.");
        }

        try
        {
            using JsonDocument document = StrictJson.Parse(PythonNumbers.Quote(json));
            JsonElement root = document.RootElement;
            return root.ValueKind == JsonValueKind.Object
                ? new ConfigReader(file, "", root.Clone())
                : throw new PerCoException($"{file}: the file holds {Describe(root)}, expected an object.");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // The second kind is a name with an escaped half of a surrogate pair.
            string where = e is JsonException { LineNumber: { } line } ? $" at line {line + 1}"
                : ", or a field appears twice";
            throw new PerCoException($"{file}: no valid JSON{where}. Fetch the file again, or correct it.", e);
        }
    }

    /// <summary>Whether a field exists and is not null.</summary>
    public bool Has(string name) => Find(name) is not null;

    /// <summary>An integer from <paramref name="min"/> to <paramref name="max"/>.</summary>
    /// <exception cref="PerCoException">The field is no such integer.</exception>
    public int Int(string name, int fallback, int min = 0, int max = int.MaxValue) =>
        Find(name) is { } value ? ReadInt(value, name, min, max) : fallback;

    /// <summary>
    /// Integers from <paramref name="min"/> to <paramref name="max"/>. A single number stands for
    /// <paramref name="count"/> equal ones.
    /// </summary>
    /// <param name="name">The field.</param>
    /// <param name="fallback">The value where the field is missing.</param>
    /// <param name="min">Smallest allowed.</param>
    /// <param name="max">Largest allowed.</param>
    /// <param name="count">How many there have to be; 0 for any number from 1.</param>
    /// <exception cref="PerCoException">The field is no such list.</exception>
    public int[] Ints(string name, int[] fallback, int min = 0, int max = int.MaxValue, int count = 0)
    {
        if (Find(name) is not { } value)
        {
            return fallback;
        }

        if (value.ValueKind == JsonValueKind.Number)
        {
            var same = new int[Math.Max(1, count)];
            Array.Fill(same, ReadInt(value, name, min, max));
            return same;
        }

        return List(value, name, count, (item, at) => ReadInt(item, at, min, max));
    }

    /// <summary>A finite number, or an infinite one where the bounds allow it.</summary>
    /// <exception cref="PerCoException">The field is no such number.</exception>
    public double Double(
        string name, double fallback, double min = double.MinValue, double max = double.MaxValue) =>
        Find(name) is { } value ? ReadDouble(value, name, min, max) : fallback;

    /// <summary>A finite number in single precision.</summary>
    /// <exception cref="PerCoException">The field is no such number.</exception>
    public float Float(string name, float fallback, float min = float.MinValue, float max = float.MaxValue) =>
        Find(name) is { } value ? (float)ReadDouble(value, name, min, max) : fallback;

    /// <summary>A list of finite numbers.</summary>
    /// <exception cref="PerCoException">The field is no such list.</exception>
    public double[] Doubles(
        string name, double[] fallback, double min = double.MinValue, double max = double.MaxValue, int count = 0) =>
        Find(name) is { } value ? List(value, name, count, (item, at) => ReadDouble(item, at, min, max)) : fallback;

    /// <summary>true or false.</summary>
    /// <exception cref="PerCoException">The field is neither.</exception>
    public bool Bool(string name, bool fallback) => Find(name) is { } value ? ReadBool(value, name) : fallback;

    /// <summary>Truth values. A single one stands for <paramref name="count"/> equal ones.</summary>
    /// <param name="name">The field.</param>
    /// <param name="fallback">The value where the field is missing.</param>
    /// <param name="count">How many there have to be; 0 for any number from 1.</param>
    /// <exception cref="PerCoException">The field is no such list.</exception>
    public bool[] Bools(string name, bool[] fallback, int count = 0)
    {
        if (Find(name) is not { } value)
        {
            return fallback;
        }

        if (value.ValueKind == JsonValueKind.Array)
        {
            return List(value, name, count, ReadBool);
        }

        var same = new bool[Math.Max(1, count)];
        Array.Fill(same, ReadBool(value, name));
        return same;
    }

    /// <summary>A text.</summary>
    /// <exception cref="PerCoException">The field is no text.</exception>
    public string String(string name, string fallback) => Find(name) is { } value ? ReadString(value, name) : fallback;

    /// <summary>One of the texts in <paramref name="allowed"/>.</summary>
    /// <exception cref="PerCoException">The field is none of them.</exception>
    public string OneOf(string name, string fallback, params ReadOnlySpan<string> allowed)
    {
        string text = String(name, fallback);
        foreach (string candidate in allowed)
        {
            if (text == candidate)
            {
                return text;
            }
        }

        string few = allowed.Length == 1 ? "" : "one of ";
        throw Error(name, $"is '{text}', expected {few}{string.Join(", ", allowed)}");
    }

    /// <summary>A list of texts.</summary>
    /// <exception cref="PerCoException">The field is no such list.</exception>
    public string[] Strings(string name, string[] fallback, int count = 0) =>
        Find(name) is { } value ? List(value, name, count, ReadString) : fallback;

    /// <summary>The object below a field; an empty one, all defaults, where the field is missing.</summary>
    /// <exception cref="PerCoException">The field is no object.</exception>
    public ConfigReader Section(string name) => Find(name) switch
    {
        null => new ConfigReader(File, At(name), null),
        { ValueKind: JsonValueKind.Object } value => new ConfigReader(File, At(name), value),
        { } value => throw Wrong(name, value, "an object"),
    };

    /// <summary>A list of mixed types as a section with the fields 0, 1, 2 …; empty where it is missing.</summary>
    /// <exception cref="PerCoException">The field is no list.</exception>
    public ConfigReader Items(string name) => Find(name) switch
    {
        null => new ConfigReader(File, At(name), null),
        { ValueKind: JsonValueKind.Array } value => new ConfigReader(File, At(name), value),
        { } value => throw Wrong(name, value, "a list"),
    };

    /// <summary>The objects of a list; none where the field is missing.</summary>
    /// <exception cref="PerCoException">The field is no list of objects.</exception>
    public ConfigReader[] Sections(string name) => Find(name) is not { } list
        ? []
        : List(list, name, 0, (item, at) => item.ValueKind == JsonValueKind.Object
            ? new ConfigReader(File, At(at), item)
            : throw Wrong(at, item, "an object"));

    /// <summary>An error about a field, for checks that take several fields together.</summary>
    /// <param name="name">The field.</param>
    /// <param name="problem">What follows its name: "is 'gelu_fast', expected gelu".</param>
    public PerCoException Error(string name, string problem) => new($"{File}: field '{At(name)}' {problem}.");

    private static string Describe(JsonElement value)
    {
        string text = value.GetRawText().ReplaceLineEndings(" ");
        return text.Length <= 40 ? text : text[..40] + "…";
    }

    private static string IndexName(int index) => index.ToString(CultureInfo.InvariantCulture);

    private JsonElement? Find(string name)
    {
        JsonElement value = default;
        bool found = _value switch
        {
            { ValueKind: JsonValueKind.Array } list =>
                int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out int index)
                && index < list.GetArrayLength() && (value = list[index]).ValueKind != JsonValueKind.Undefined,
            { } fields => fields.TryGetProperty(name, out value),
            null => false,
        };
        return found && value.ValueKind != JsonValueKind.Null ? value : null;
    }

    private string At(string name) => _path.Length == 0 ? name : $"{_path}.{name}";

    private PerCoException Wrong(string name, JsonElement value, string expected) =>
        Error(name, $"is {Describe(value)}, expected {expected}");

    private bool ReadBool(JsonElement value, string name) => value.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw Wrong(name, value, "true or false"),
    };

    private int ReadInt(JsonElement value, string name, int min, int max) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number) && number >= min && number <= max
            ? number
            : throw Wrong(name, value, $"an integer from {min} to {max}");

    private double ReadDouble(JsonElement value, string name, double min, double max)
    {
        // Quoted by PythonNumbers, so that the JSON parser lets them through.
        double number = value.ValueKind switch
        {
            JsonValueKind.Number => value.GetDouble(),
            JsonValueKind.String when value.ValueEquals("Infinity") => double.PositiveInfinity,
            JsonValueKind.String when value.ValueEquals("-Infinity") => double.NegativeInfinity,
            _ => double.NaN,
        };
        return number >= min && number <= max
            ? number
            : throw Wrong(name, value, string.Create(CultureInfo.InvariantCulture, $"a number from {min} to {max}"));
    }

    private string ReadString(JsonElement value, string name)
    {
        if (value.ValueKind != JsonValueKind.String)
        {
            throw Wrong(name, value, "a text");
        }

        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException)
        {
            // An escaped half of a surrogate pair is valid JSON but no text.
            throw Wrong(name, value, "valid Unicode");
        }
    }

    private T[] List<T>(JsonElement value, string name, int count, Func<JsonElement, string, T> read)
    {
        if (value.ValueKind != JsonValueKind.Array)
        {
            throw Wrong(name, value, "a list");
        }

        int length = value.GetArrayLength();
        if (count > 0 && length != count)
        {
            throw Error(name, $"has {length} entries, expected {count}");
        }

        var result = new T[length];
        int i = 0;
        foreach (JsonElement item in value.EnumerateArray())
        {
            result[i] = read(item, $"{name}[{i}]");
            i++;
        }

        return result;
    }
}
