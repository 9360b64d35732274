using System.Text;
using System.Text.Json;
using PerCo.Engine.IO;

namespace PerCo.Engine.Tokenizers;

/// <summary>Reading of a tokenizer's files: bounded, and with errors that name the file and the place.</summary>
internal static class TokenizerFiles
{
    /// <summary>No published tokenizer file is a quarter of this.</summary>
    public const int MaxBytes = 64 << 20;

    /// <summary>One more than the largest id that is accepted, so that a damaged id cannot size a table.</summary>
    public const int MaxIds = 1 << 20;

    private static ReadOnlySpan<byte> Utf8Mark => [0xEF, 0xBB, 0xBF];

    /// <summary>A file's bytes, less a UTF-8 byte order mark.</summary>
    /// <exception cref="PerCoException">The file cannot be read, or is larger than <see cref="MaxBytes"/>.</exception>
    public static ReadOnlyMemory<byte> Read(string path)
    {
        try
        {
            using FileStream stream = File.OpenRead(path);
            if (stream.Length > MaxBytes)
            {
                throw new PerCoException(
                    $"{path}: {stream.Length} bytes, expected at most {MaxBytes}. Is this a tokenizer's file?");
            }

            var bytes = new byte[(int)stream.Length];
            int got = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            ReadOnlyMemory<byte> content = bytes.AsMemory(0, got);
            return content.Span.StartsWith(Utf8Mark) ? content[Utf8Mark.Length..] : content;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new PerCoException($"{path}: cannot be read: {FileReason.Of(e, path)}", e);
        }
    }

    /// <summary>The object at the root of a JSON file.</summary>
    /// <exception cref="PerCoException">The file is not JSON, or its root is no object.</exception>
    public static JsonElement ReadObject(string path)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(Read(path));
            return RequireObject(document.RootElement.Clone(), path, "the root");
        }
        catch (JsonException e)
        {
            throw new PerCoException(
                $"{path} line {e.LineNumber + 1}: no valid JSON. Copy or convert the model again.", e);
        }
    }

    /// <summary>As <see cref="ReadObject"/>, or null where the file does not exist.</summary>
    public static JsonElement? ReadOptionalObject(string path) => File.Exists(path) ? ReadObject(path) : null;

    /// <summary>Token to id from a JSON object of that form.</summary>
    /// <exception cref="PerCoException">An id is no integer, out of range, or held by two tokens.</exception>
    public static Dictionary<string, int> ReadVocabulary(JsonElement json, string path)
    {
        RequireObject(json, path, "the vocabulary");
        var vocabulary = new Dictionary<string, int>(StringComparer.Ordinal);
        var owners = new Dictionary<int, string>();
        foreach (JsonProperty entry in json.EnumerateObject())
        {
            string token = Text(() => entry.Name, path, "a token");
            int id = RequireId(entry.Value, path, token);
            if (!owners.TryAdd(id, token) && owners[id] != token)
            {
                throw new PerCoException($"{path}: tokens '{owners[id]}' and '{token}' both have the id {id}.");
            }

            vocabulary[token] = id;
        }

        return vocabulary;
    }

    /// <summary>The pairs of a merges.txt: an optional "#version" line, then two symbols a line, best first.</summary>
    /// <exception cref="PerCoException">The file is not UTF-8, or a line is not two symbols.</exception>
    public static List<(string Left, string Right)> ReadMerges(string path)
    {
        string text;
        try
        {
            text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(Read(path).Span);
        }
        catch (DecoderFallbackException e)
        {
            throw new PerCoException($"{path}: not UTF-8 at byte {e.Index}. Copy or convert the model again.", e);
        }

        var merges = new List<(string Left, string Right)>();
        string[] lines = text.TrimEnd('\r', '\n').Split('\n');
        for (int i = 0; i < lines.Length; i++)
        {
            string line = lines[i].TrimEnd('\r');
            bool header = i == 0 && (line.Length == 0 || line.StartsWith("#version", StringComparison.Ordinal));
            if (!header)
            {
                merges.Add(SplitMerge(line, $"{path} line {i + 1}"));
            }
        }

        return merges;
    }

    /// <summary>The two symbols of a merge written with one space between them.</summary>
    public static (string Left, string Right) SplitMerge(string merge, string where)
    {
        int space = merge.IndexOf(' ');
        if (space <= 0 || space == merge.Length - 1 || merge.IndexOf(' ', space + 1) >= 0)
        {
            string shown = merge.Length > 40 ? merge[..40] + "…" : merge;
            throw new PerCoException(
                $"{where}: expected two symbols with one space between them, got '{shown}'. "
                + "Copy or convert the model again.");
        }

        return (merge[..space], merge[(space + 1)..]);
    }

    /// <summary>Checks that a JSON value is an object.</summary>
    public static JsonElement RequireObject(JsonElement value, string path, string what) =>
        value.ValueKind == JsonValueKind.Object
            ? value
            : throw new PerCoException($"{path}: {what} is a JSON {value.ValueKind}, expected an object.");

    /// <summary>Reads a token's id.</summary>
    public static int RequireId(JsonElement value, string path, string token) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int id) && id is >= 0 and < MaxIds
            ? id
            : throw new PerCoException(
                $"{path}: the id of token '{token}' is {Shorten(value.GetRawText())}, "
                + $"expected an integer from 0 to {MaxIds - 1}.");

    /// <summary>Reads a string that must be one.</summary>
    public static string RequireText(JsonElement value, string path, string what) =>
        value.ValueKind == JsonValueKind.String
            ? Text(() => value.GetString()!, path, what)
            : throw new PerCoException($"{path}: {what} is a JSON {value.ValueKind}, expected a string.");

    private static string Text(Func<string> get, string path, string what)
    {
        try
        {
            return get();
        }
        catch (InvalidOperationException e)
        {
            throw new PerCoException($"{path}: {what} is not valid Unicode. Copy or convert the model again.", e);
        }
    }

    private static string Shorten(string text) => text.Length > 40 ? text[..40] + "…" : text;
}
