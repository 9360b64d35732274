using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;

namespace PerCo.Engine.Tokenizers;

/// <summary>
/// GPT-2's byte-level byte-pair tokenizer, as OPT (BLIP-2's language model) uses it. Gives the ids of transformers
/// 4.37's GPT2Tokenizer (src/transformers/models/gpt2/tokenization_gpt2.py).
/// </summary>
internal sealed class Gpt2Tokenizer
{
    private const string DefaultSpecial = "<|endoftext|>";

    private static readonly string[] Contractions = ["s", "t", "re", "ve", "m", "ll", "d"];

    // transformers' clean_up_tokenization, in its order.
    private static readonly (string Spaced, string Tight)[] CleanUps =
    [
        (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"), (" 'm", "'m"),
        (" 's", "'s"), (" 've", "'ve"), (" 're", "'re"),
    ];

    private readonly BytePairEncoder _encoder;
    private readonly AddedTokenSplitter _splitter;
    private readonly string?[] _tokens;
    private readonly HashSet<int> _specialIds;
    private readonly HashSet<int> _addedIds;
    private readonly bool _addBos;
    private readonly bool _addPrefixSpace;
    private readonly bool _cleanUp;
    private readonly string _folder;

    private Gpt2Tokenizer(TokenizerFolder folder)
    {
        _folder = folder.Folder;
        AddedToken bos = folder.Special("bos_token", DefaultSpecial)!;
        AddedToken eos = folder.Special("eos_token", DefaultSpecial)!;
        AddedToken unknown = folder.Special("unk_token", DefaultSpecial)!;
        AddedToken? pad = folder.Special("pad_token", null);
        BosId = bos.Id;
        EosId = eos.Id;
        PadId = pad?.Id;
        _addBos = folder.Setting("add_bos_token", false);
        _addPrefixSpace = folder.Setting("add_prefix_space", false);
        _cleanUp = folder.Setting("clean_up_tokenization_spaces", true);
        folder.RequireProducts(folder.Merges);
        _encoder = new BytePairEncoder(folder.Vocabulary, folder.Merges, string.Empty, unknown.Id);
        _splitter = new AddedTokenSplitter(folder.Added);
        _specialIds = [.. folder.Added.Where(t => t.Special).Select(t => t.Id)];
        _addedIds = [.. folder.Added.Select(t => t.Id)];

        int count = 1 + folder.Vocabulary.Values.Concat(_addedIds).Max();
        _tokens = new string?[count];
        foreach ((string token, int id) in folder.Vocabulary)
        {
            _tokens[id] = token;
        }

        foreach (AddedToken token in folder.Added)
        {
            _tokens[token.Id] = token.Content;
        }
    }

    /// <summary>The id that starts a sequence.</summary>
    public int BosId { get; }

    /// <summary>The id that ends a sequence.</summary>
    public int EosId { get; }

    /// <summary>The id that fills a sequence up, null where the folder names none.</summary>
    public int? PadId { get; }

    /// <summary>One more than the largest id.</summary>
    public int VocabularySize => _tokens.Length;

    /// <summary>Reads vocab.json and merges.txt, or tokenizer.json, and the settings beside them.</summary>
    /// <exception cref="PerCoException">A file is missing or damaged; the message names it and the place.</exception>
    public static Gpt2Tokenizer Load(string folder) => new(new TokenizerFolder(folder));

    /// <summary>The ids of a text, after <see cref="BosId"/> where the folder sets add_bos_token.</summary>
    /// <param name="text">Any text; a lone surrogate counts as U+FFFD.</param>
    public int[] Encode(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var ids = new List<int>();
        if (_addBos)
        {
            ids.Add(BosId);
        }

        foreach (AddedTokenSplitter.Part part in _splitter.Split(_addPrefixSpace ? " " + text : text))
        {
            if (part.Token is not null)
            {
                ids.Add(part.Token.Id);
            }
            else
            {
                EncodePlain(part.Text, ids);
            }
        }

        return [.. ids];
    }

    /// <summary>The text of ids; bytes that are no UTF-8 become U+FFFD, one for each maximal invalid piece.</summary>
    /// <param name="ids">Ids below <see cref="VocabularySize"/>.</param>
    /// <param name="skipSpecialTokens">Leaves out the start, the end, padding and other special tokens.</param>
    /// <param name="cleanUpSpaces">Whether a space before punctuation is dropped, as captions want it ("a dog ." is
    /// "a dog."); null means what the folder's clean_up_tokenization_spaces says, true by default. Only false gives
    /// back exactly what was encoded.</param>
    /// <exception cref="PerCoException">An id has no token.</exception>
    public string Decode(ReadOnlySpan<int> ids, bool skipSpecialTokens, bool? cleanUpSpaces = null)
    {
        var bytes = new ArrayBufferWriter<byte>();
        foreach (int id in ids)
        {
            if ((uint)id >= (uint)_tokens.Length || _tokens[id] is not string token)
            {
                throw new PerCoException(
                    $"{_folder}: token id {id} is not in the vocabulary, expected 0 to {_tokens.Length - 1}. "
                    + "Does the tokenizer belong to this captioner?");
            }

            if (!skipSpecialTokens || !_specialIds.Contains(id))
            {
                AppendBytes(token, _addedIds.Contains(id), bytes);
            }
        }

        string text = Encoding.UTF8.GetString(bytes.WrittenSpan);
        if (cleanUpSpaces ?? _cleanUp)
        {
            foreach ((string spaced, string tight) in CleanUps)
            {
                text = text.Replace(spaced, tight, StringComparison.Ordinal);
            }
        }

        return text;
    }

    private static void AppendBytes(string token, bool isAdded, ArrayBufferWriter<byte> output)
    {
        foreach (Rune rune in token.EnumerateRunes())
        {
            Span<byte> room = output.GetSpan(4);
            if (!isAdded && rune.IsBmp && ByteAlphabet.TryToByte((char)rune.Value, out byte value))
            {
                room[0] = value;
                output.Advance(1);
            }
            else
            {
                // An added token is literal text, as is a character that stands for no byte.
                output.Advance(rune.EncodeToUtf8(room));
            }
        }
    }

    // The reference's pattern: a contraction; letters, numbers or other characters with at most one space before;
    // white space, whose last character is left to what follows.
    private void EncodePlain(string text, List<int> ids)
    {
        var list = new List<int>(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
        {
            list.Add(rune.Value);
        }

        ReadOnlySpan<int> points = CollectionsMarshal.AsSpan(list);
        var bytes = new ArrayBufferWriter<byte>();
        int i = 0;
        while (i < points.Length)
        {
            int end = EndOfWord(points, i);
            bytes.ResetWrittenCount();
            Utf8.Append(points[i..end], bytes);
            _encoder.Encode(bytes.WrittenSpan, ids);
            i = end;
        }
    }

    private static int EndOfWord(ReadOnlySpan<int> points, int start)
    {
        if (points[start] == '\'')
        {
            foreach (string ending in Contractions)
            {
                if (StartsWith(points[(start + 1)..], ending))
                {
                    return start + 1 + ending.Length;
                }
            }
        }

        int first = points[start] == ' ' && start + 1 < points.Length ? start + 1 : start;
        CharacterClass kind = CharacterClasses.Of(points[first]);
        if (kind != CharacterClass.Space)
        {
            return CharacterClasses.EndOfRun(points, first, kind);
        }

        int end = CharacterClasses.EndOfRun(points, start, CharacterClass.Space);
        return end < points.Length && end - start > 1 ? end - 1 : end;
    }

    private static bool StartsWith(ReadOnlySpan<int> points, string literal)
    {
        if (points.Length < literal.Length)
        {
            return false;
        }

        for (int i = 0; i < literal.Length; i++)
        {
            if (points[i] != literal[i])
            {
                return false;
            }
        }

        return true;
    }
}
