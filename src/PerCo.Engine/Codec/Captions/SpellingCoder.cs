using System.Runtime.InteropServices;
using System.Text;

namespace PerCo.Engine.Codec.Captions;

/// <summary>
/// Codes words that the model's list lacks, one Unicode scalar value at a time and in either direction: printable ASCII
/// by the model of characters, anything else by <see cref="ScalarCoder"/>.
/// </summary>
internal sealed class SpellingCoder
{
    private const int FirstAscii = '!';
    private const int LastAscii = '~';
    private const int KindEnd = 0;
    private const int KindAscii = 1;
    private const int KindOther = 2;

    private readonly NGramModel _model;
    private readonly SymbolCoder _coder;
    private readonly ScalarCoder _scalars;
    private readonly uint[] _frequencies;

    // Whether a character is outside ASCII, at a word's start and after ASCII; after another, whether the word ends.
    private readonly AdaptiveFrequencies _atStart = new(24, 30, 2);
    private readonly AdaptiveFrequencies _inside = new(24, 96, 1);
    private readonly AdaptiveFrequencies _afterOther = new(16, 6, 2, 24);

    /// <summary>Starts a caption; what is learnt from one word helps the next.</summary>
    public SpellingCoder(NGramModel model, SymbolCoder coder)
    {
        _model = model;
        _coder = coder;
        _scalars = new ScalarCoder(coder);
        _frequencies = new uint[model.Size];
    }

    /// <summary>Codes one word, which may be empty.</summary>
    /// <param name="word">What to write, valid UTF-16 without spaces, or null to read.</param>
    /// <exception cref="PerCoException">What is read is longer than a caption may be.</exception>
    public string Code(string? word)
    {
        Rune[]? runes = word is null ? null : [.. word.EnumerateRunes()];
        var text = new StringBuilder();
        var history = new List<int> { CaptionModel.Start };
        for (int i = 0; ; i++)
        {
            int scalar = runes is not null && i < runes.Length ? runes[i].Value : -1;
            int kind = CodeKind(history[^1], scalar);
            if (kind == KindOther)
            {
                text.Append(new Rune(_scalars.Code(scalar)).ToString());
                history.Add(CaptionModel.Unknown);
            }
            else if (kind == KindAscii && CodeAscii(history, scalar) is char c and not '\0')
            {
                text.Append(c);
            }
            else
            {
                return text.ToString();
            }

            if (text.Length > CaptionCoder.MaxBytes)
            {
                throw new PerCoException(
                    $"The caption is longer than {CaptionCoder.MaxBytes} bytes: the file is damaged.");
            }
        }
    }

    // After ASCII, and at the start, the end counts as a character of the model of characters.
    private int CodeKind(int previous, int scalar)
    {
        bool isOther = scalar is (>= 0 and < FirstAscii) or > LastAscii;
        if (previous == CaptionModel.Unknown)
        {
            return _afterOther.Code(_coder, isOther ? KindOther : scalar < 0 ? KindEnd : KindAscii);
        }

        AdaptiveFrequencies kinds = previous == CaptionModel.Start ? _atStart : _inside;
        return kinds.Code(_coder, isOther ? 1 : 0) == 1 ? KindOther : KindAscii;
    }

    // The character, or NUL at the word's end.
    private char CodeAscii(List<int> history, int scalar)
    {
        _model.Predict(CollectionsMarshal.AsSpan(history), _frequencies);
        _frequencies[CaptionModel.Unknown] = 0;
        _frequencies[CaptionModel.Start] = 0;
        if (history[^1] == CaptionModel.Unknown)
        {
            _frequencies[CaptionModel.End] = 0;
        }

        int symbol = scalar < 0 ? CaptionModel.End : scalar - FirstAscii + CaptionModel.FirstOwn;
        symbol = _coder.Code(symbol, _frequencies);
        history.Add(symbol);
        return symbol == CaptionModel.End ? '\0' : (char)(symbol - CaptionModel.FirstOwn + FirstAscii);
    }
}
