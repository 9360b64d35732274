using System.Text.Json;

namespace PerCo.Engine.Tokenizers;

/// <summary>
/// What a tokenizer folder says, in the form that transformers writes: vocab.json and merges.txt, or else
/// tokenizer.json; tokenizer_config.json and special_tokens_map.json where present.
/// </summary>
internal sealed class TokenizerFolder
{
    // OPT fills its vocabulary up with three tokens that no text gives.
    private const int MostFillers = 8;

    private readonly JsonElement? _config;
    private readonly JsonElement? _map;
    private readonly string _configPath;
    private readonly string _mapPath;
    private readonly Dictionary<string, AddedToken> _added = new(StringComparer.Ordinal);

    /// <summary>Reads the folder's files.</summary>
    /// <exception cref="PerCoException">A file is missing or damaged; the message names it.</exception>
    public TokenizerFolder(string folder)
    {
        Folder = folder;
        _configPath = Path.Combine(folder, "tokenizer_config.json");
        _mapPath = Path.Combine(folder, "special_tokens_map.json");
        _config = TokenizerFiles.ReadOptionalObject(_configPath);
        _map = TokenizerFiles.ReadOptionalObject(_mapPath);

        string vocabularyPath = Path.Combine(folder, "vocab.json");
        string mergesPath = Path.Combine(folder, "merges.txt");
        string combinedPath = Path.Combine(folder, "tokenizer.json");
        bool apart = File.Exists(vocabularyPath) && File.Exists(mergesPath);
        if (apart)
        {
            Vocabulary = TokenizerFiles.ReadVocabulary(TokenizerFiles.ReadObject(vocabularyPath), vocabularyPath);
            Merges = TokenizerFiles.ReadMerges(mergesPath);
        }
        else if (File.Exists(combinedPath))
        {
            JsonElement root = TokenizerFiles.ReadObject(combinedPath);
            JsonElement model = Require(root, "model", combinedPath);
            TokenizerFiles.RequireObject(model, combinedPath, "model");
            Vocabulary = TokenizerFiles.ReadVocabulary(Require(model, "vocab", combinedPath), combinedPath);
            Merges = ReadMerges(Require(model, "merges", combinedPath), combinedPath);
            ReadAddedList(root, combinedPath);
        }
        else
        {
            throw new PerCoException(
                $"{folder}: no tokenizer here, expected vocab.json and merges.txt, or tokenizer.json. "
                + "Is this the tokenizer's folder of a model?");
        }

        CheckMerges(apart ? mergesPath : combinedPath);
        ReadAddedDecoder();
    }

    /// <summary>Where the files are, for messages.</summary>
    public string Folder { get; }

    /// <summary>Token, in the byte alphabet, to id.</summary>
    public Dictionary<string, int> Vocabulary { get; }

    /// <summary>Pairs by rank.</summary>
    public List<(string Left, string Right)> Merges { get; }

    /// <summary>
    /// The tokens cut out of a text before any other rule, named special tokens included as they are asked for.
    /// </summary>
    public IReadOnlyCollection<AddedToken> Added => _added.Values;

    /// <summary>
    /// The named special token, e.g. "pad_token", or null where no file names it and there is no default. In a folder
    /// that lists added_tokens_decoder, tokenizer_config.json wins over special_tokens_map.json; in an older one, such
    /// as Stable Diffusion 2.1's, the map wins (transformers' from_pretrained).
    /// </summary>
    /// <exception cref="PerCoException">The vocabulary lacks the token.</exception>
    public AddedToken? Special(string name, string? fallback)
    {
        bool isCurrent = _config?.TryGetProperty("added_tokens_decoder", out _) == true;
        JsonElement? first = isCurrent ? _config : _map;
        string firstPath = isCurrent ? _configPath : _mapPath;
        JsonElement? second = isCurrent ? _map : _config;
        string secondPath = isCurrent ? _mapPath : _configPath;
        (string? content, JsonElement? flags) = Named(first, name, firstPath);
        if (content is null)
        {
            (content, flags) = Named(second, name, secondPath);
        }

        content ??= fallback;
        if (content is null)
        {
            return null;
        }

        if (!_added.TryGetValue(content, out AddedToken? token))
        {
            if (!Vocabulary.TryGetValue(content, out int id))
            {
                throw new PerCoException(
                    $"{Folder}: {name} '{content}' is neither in the vocabulary nor among the added tokens. "
                    + "Do the tokenizer's files belong together?");
            }

            token = MakeToken(content, id, flags ?? default);
        }

        token = token with { Special = true };
        _added[content] = token;
        return token;
    }

    /// <summary>A setting of tokenizer_config.json.</summary>
    public bool Setting(string name, bool fallback)
    {
        if (_config?.TryGetProperty(name, out JsonElement value) != true || value.ValueKind == JsonValueKind.Null)
        {
            return fallback;
        }

        return value.ValueKind is JsonValueKind.True or JsonValueKind.False
            ? value.GetBoolean()
            : throw new PerCoException($"{_configPath}: {name} is {value.ValueKind}, expected true or false.");
    }

    /// <summary>
    /// A count in tokenizer_config.json; null where there is none, or a number beyond all counts, as transformers
    /// writes for "any".
    /// </summary>
    public int? Count(string name, int least)
    {
        if (_config?.TryGetProperty(name, out JsonElement value) != true || value.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        return value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) && number >= least
            ? number <= TokenizerFiles.MaxIds ? (int)number : null
            : throw new PerCoException($"{_configPath}: {name} is {value}, expected a number from {least}.");
    }

    /// <summary>
    /// Refuses a vocabulary that lacks what merges make, as the tokenizers library does: each such token would be the
    /// unknown one, and the text another.
    /// </summary>
    /// <param name="merges">Those of <see cref="Merges"/> that are used.</param>
    /// <exception cref="PerCoException">The vocabulary lacks a token.</exception>
    public void RequireProducts(List<(string Left, string Right)> merges)
    {
        string[] lost =
        [
            .. merges.Select(merge => merge.Left + merge.Right).Where(token => !Vocabulary.ContainsKey(token)),
        ];
        if (lost.Length > 0)
        {
            throw new PerCoException(
                $"{Folder}: the vocabulary lacks {lost.Length} of the {merges.Count} tokens that merges make, "
                + $"'{lost[0]}' first: it is cut off, or another model's. Copy or convert the model again.");
        }
    }

    private static (string? Content, JsonElement? Flags) Named(JsonElement? json, string name, string path)
    {
        if (json?.TryGetProperty(name, out JsonElement value) != true || value.ValueKind == JsonValueKind.Null)
        {
            return (null, null);
        }

        return value.ValueKind == JsonValueKind.Object
            ? (TokenizerFiles.RequireText(Require(value, "content", path), path, name), value)
            : (TokenizerFiles.RequireText(value, path, name), null);
    }

    // "added_tokens_decoder": { "49407": { "content": "<|endoftext|>", "lstrip": false, … } }
    private void ReadAddedDecoder()
    {
        if (_config?.TryGetProperty("added_tokens_decoder", out JsonElement decoder) != true)
        {
            return;
        }

        TokenizerFiles.RequireObject(decoder, _configPath, "added_tokens_decoder");
        foreach (JsonProperty entry in decoder.EnumerateObject())
        {
            if (!int.TryParse(entry.Name, out int id) || id is < 0 or >= TokenizerFiles.MaxIds)
            {
                throw new PerCoException(
                    $"{_configPath}: added_tokens_decoder has the id '{entry.Name}', "
                    + $"expected an integer from 0 to {TokenizerFiles.MaxIds - 1}.");
            }

            AddToken(entry.Value, id, _configPath);
        }
    }

    // "added_tokens": [ { "id": 49407, "content": "<|endoftext|>", … } ]
    private void ReadAddedList(JsonElement root, string path)
    {
        if (!root.TryGetProperty("added_tokens", out JsonElement list) || list.ValueKind != JsonValueKind.Array)
        {
            return;
        }

        foreach (JsonElement entry in list.EnumerateArray())
        {
            TokenizerFiles.RequireObject(entry, path, "an added token");
            AddToken(entry, TokenizerFiles.RequireId(Require(entry, "id", path), path, "of added_tokens"), path);
        }
    }

    private void AddToken(JsonElement entry, int id, string path)
    {
        TokenizerFiles.RequireObject(entry, path, "an added token");
        string content = TokenizerFiles.RequireText(Require(entry, "content", path), path, "an added token's content");
        if (content.Length == 0)
        {
            throw new PerCoException($"{path}: the added token with the id {id} is empty.");
        }

        _added[content] = MakeToken(content, id, entry);
    }

    private static AddedToken MakeToken(string content, int id, JsonElement flags)
    {
        return new AddedToken(
            content, id, IsSet("lstrip"), IsSet("rstrip"), IsSet("single_word"), IsSet("special"));

        bool IsSet(string name) =>
            flags.ValueKind == JsonValueKind.Object
            && flags.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.True;
    }

    // A list of merges that is cut off gives other tokens for every word, and so another picture.
    private void CheckMerges(string path)
    {
        var made = new HashSet<string>(Merges.Select(merge => merge.Left + merge.Right), StringComparer.Ordinal);
        string[] lost =
        [
            .. Vocabulary.Keys.Where(token => token.Replace("</w>", "", StringComparison.Ordinal).Length > 1
                && !(token[0] == '<' && token[^1] == '>') && !made.Contains(token)),
        ];
        if (lost.Length > MostFillers)
        {
            throw new PerCoException(
                $"{path}: {Merges.Count} merges leave {lost.Length} of {Vocabulary.Count} tokens unreachable, "
                + $"'{lost[0]}' first: it is cut off, or another model's. Copy or convert the model again.");
        }
    }

    // Either "a b" or, since tokenizers 0.20, ["a", "b"].
    private static List<(string Left, string Right)> ReadMerges(JsonElement json, string path)
    {
        if (json.ValueKind != JsonValueKind.Array)
        {
            throw new PerCoException($"{path}: model.merges is a JSON {json.ValueKind}, expected an array.");
        }

        var merges = new List<(string Left, string Right)>();
        foreach (JsonElement entry in json.EnumerateArray())
        {
            string what = $"model.merges[{merges.Count}]";
            if (entry.ValueKind == JsonValueKind.Array && entry.GetArrayLength() == 2)
            {
                string left = TokenizerFiles.RequireText(entry[0], path, what);
                string right = TokenizerFiles.RequireText(entry[1], path, what);
                merges.Add((left, right));
            }
            else
            {
                merges.Add(TokenizerFiles.SplitMerge(TokenizerFiles.RequireText(entry, path, what), $"{path} {what}"));
            }
        }

        return merges;
    }

    private static JsonElement Require(JsonElement json, string name, string path) =>
        json.TryGetProperty(name, out JsonElement value)
            ? value
            : throw new PerCoException($"{path}: '{name}' is missing. Copy or convert the model again.");
}
