using System.Buffers;
using System.Runtime.InteropServices;

namespace PerCo.Engine.Tokenizers;

/// <summary>
/// CLIP's byte-pair tokenizer. Gives the ids of transformers 4.37's CLIPTokenizer without ftfy, which is what
/// diffusers' pipelines use (src/transformers/models/clip/tokenization_clip.py).
/// </summary>
internal sealed class ClipTokenizer
{
    private const string EndOfWord = "</w>";
    private const string StartLiteral = "<|startoftext|>";
    private const string EndLiteral = "<|endoftext|>";
    private const int LongS = 0x17F;

    // The reference reads this many merges whatever the file holds: 49,152 tokens less the bytes and two specials.
    private const int MaxMerges = 49152 - 256 - 2;

    private static readonly string[] Contractions = ["s", "t", "re", "ve", "m", "ll", "d"];

    private readonly BytePairEncoder _encoder;
    private readonly AddedTokenSplitter _splitter;
    private readonly int _startLiteralId;
    private readonly int _endLiteralId;

    private ClipTokenizer(TokenizerFolder folder)
    {
        // CLIP's own defaults; Stable Diffusion 2.1 names "!" (id 0) as its padding instead.
        AddedToken bos = folder.Special("bos_token", StartLiteral)!;
        AddedToken eos = folder.Special("eos_token", EndLiteral)!;
        AddedToken unknown = folder.Special("unk_token", EndLiteral)!;
        AddedToken pad = folder.Special("pad_token", EndLiteral)!;
        BosId = bos.Id;
        EosId = eos.Id;
        PadId = pad.Id;
        List<(string Left, string Right)> merges = folder.Merges;
        merges = merges.Count > MaxMerges ? merges[..MaxMerges] : merges;
        folder.RequireProducts(merges);
        _encoder = new BytePairEncoder(folder.Vocabulary, merges, EndOfWord, unknown.Id);
        MaxId = folder.Vocabulary.Values.Concat(folder.Added.Select(token => token.Id)).DefaultIfEmpty().Max();
        MaxLength = folder.Count("model_max_length", 2);
        _splitter = new AddedTokenSplitter(folder.Added);
        _startLiteralId = folder.Vocabulary.GetValueOrDefault(StartLiteral, unknown.Id);
        _endLiteralId = folder.Vocabulary.GetValueOrDefault(EndLiteral, unknown.Id);
        foreach (AddedToken token in folder.Added)
        {
            _startLiteralId = token.Content == StartLiteral ? token.Id : _startLiteralId;
            _endLiteralId = token.Content == EndLiteral ? token.Id : _endLiteralId;
        }
    }

    /// <summary>The id that starts every sequence.</summary>
    public int BosId { get; }

    /// <summary>The id that ends every sequence.</summary>
    public int EosId { get; }

    /// <summary>The id that fills a sequence up.</summary>
    public int PadId { get; }

    /// <summary>The largest id that <see cref="Encode"/> gives.</summary>
    public int MaxId { get; }

    /// <summary>Tokens that a text is cut or filled up to, where the folder says so.</summary>
    public int? MaxLength { get; }

    /// <summary>Reads vocab.json and merges.txt, or tokenizer.json, and the settings beside them.</summary>
    /// <exception cref="PerCoException">A file is missing or damaged; the message names it and the place.</exception>
    public static ClipTokenizer Load(string folder) => new(new TokenizerFolder(folder));

    /// <summary>
    /// Exactly <paramref name="maxLength"/> ids: the start, the text's ids cut to what fits, the end, then padding.
    /// </summary>
    /// <param name="text">Any text; empty means "no text".</param>
    /// <param name="maxLength">At least 2; 77 for Stable Diffusion.</param>
    public int[] Encode(string text, int maxLength)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxLength, 2);
        var ids = new List<int> { BosId };
        foreach (AddedTokenSplitter.Part part in _splitter.Split(text))
        {
            if (part.Token is not null)
            {
                ids.Add(part.Token.Id);
            }
            else
            {
                EncodePlain(part.Text, ids, maxLength);
            }

            if (ids.Count >= maxLength)
            {
                break;
            }
        }

        var result = new int[maxLength];
        Array.Fill(result, PadId);
        int kept = Math.Min(ids.Count, maxLength - 1);
        ids.CopyTo(0, result, 0, kept);
        result[kept] = EosId;
        return result;
    }

    // The reference's pattern on lower-cased text: a literal special token, a contraction, letters, one number, or
    // a run of anything else that is no space.
    private void EncodePlain(string text, List<int> ids, int enough)
    {
        ReadOnlySpan<int> points = CollectionsMarshal.AsSpan(ClipText.Clean(text));
        var bytes = new ArrayBufferWriter<byte>();
        int i = 0;
        while (i < points.Length && ids.Count < enough)
        {
            CharacterClass kind = CharacterClasses.Of(points[i]);
            int end;
            if (kind == CharacterClass.Space)
            {
                i++;
                continue;
            }

            if (Matches(points, i, StartLiteral) || Matches(points, i, EndLiteral))
            {
                int length = EncodeLiteral(points, i, bytes, ids);
                i += length;
                continue;
            }

            if (kind == CharacterClass.Number)
            {
                end = i + 1;
            }
            else if (points[i] == '\'' && ContractionLength(points[(i + 1)..]) is > 0 and int contraction)
            {
                end = i + 1 + contraction;
            }
            else
            {
                end = CharacterClasses.EndOfRun(points, i, kind);
            }

            EncodeWord(points[i..end], bytes, ids);
            i = end;
        }
    }

    // The pattern ignores case, so a long s also spells the literal; such a spelling is a plain word then.
    private int EncodeLiteral(ReadOnlySpan<int> points, int at, ArrayBufferWriter<byte> bytes, List<int> ids)
    {
        bool isStart = Matches(points, at, StartLiteral);
        int length = isStart ? StartLiteral.Length : EndLiteral.Length;
        ReadOnlySpan<int> word = points.Slice(at, length);
        if (word.Contains(LongS))
        {
            EncodeWord(word, bytes, ids);
        }
        else
        {
            ids.Add(isStart ? _startLiteralId : _endLiteralId);
        }

        return length;
    }

    private void EncodeWord(ReadOnlySpan<int> word, ArrayBufferWriter<byte> bytes, List<int> ids)
    {
        bytes.ResetWrittenCount();
        Utf8.Append(word, bytes);
        _encoder.Encode(bytes.WrittenSpan, ids);
    }

    private static int ContractionLength(ReadOnlySpan<int> after)
    {
        foreach (string ending in Contractions)
        {
            if (Matches(after, 0, ending))
            {
                return ending.Length;
            }
        }

        return 0;
    }

    private static bool Matches(ReadOnlySpan<int> points, int at, string literal)
    {
        if (points.Length - at < literal.Length)
        {
            return false;
        }

        for (int i = 0; i < literal.Length; i++)
        {
            int c = points[at + i];
            if (c != literal[i] && !(c == LongS && literal[i] == 's'))
            {
                return false;
            }
        }

        return true;
    }
}
