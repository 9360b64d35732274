using System.Runtime.InteropServices;

namespace PerCo.Engine.Codec.Captions;

/// <summary>Codes a caption's words, in either direction: see <see cref="SymbolCoder"/>.</summary>
internal sealed class TokenCoder
{
    // Style: bit 0 full stop, bit 1 spaced. Captioners write neither.
    private static readonly uint[] StyleFrequencies = [200, 32, 4, 20];

    // Case by what came before: lower, capital, upper, mixed; then the first word; then words that are names.
    private static readonly uint[][] CaseFrequencies =
    [
        [1010, 10, 3, 1], [512, 480, 24, 8], [300, 100, 600, 24], [600, 200, 100, 124],
    ];

    private static readonly uint[] FirstCaseFrequencies = [740, 260, 18, 6];
    private static readonly uint[] NameCaseFrequencies = [256, 720, 40, 8];

    private readonly CaptionModel _model;
    private readonly SymbolCoder _coder;
    private readonly SpellingCoder _spelling;
    private readonly uint[] _frequencies;
    private readonly List<int> _history = [CaptionModel.Start];
    private uint _spelled;
    private LetterCase _previousCase = LetterCase.Lower;
    private int _length;

    /// <summary>Starts a caption.</summary>
    public TokenCoder(CaptionModel model, SymbolCoder coder)
    {
        _model = model;
        _coder = coder;
        _spelling = new SpellingCoder(model.Characters, coder);
        _frequencies = new uint[model.Words.Size];
    }

    /// <summary>Codes a whole caption.</summary>
    /// <param name="text">What to write, or null to read.</param>
    /// <returns>What was written or read.</returns>
    /// <exception cref="PerCoException">What is read is no caption, or longer than allowed.</exception>
    public CaptionText Code(CaptionText? text)
    {
        int style = (text?.FullStop == true ? 1 : 0) + (text?.Spaced == true ? 2 : 0);
        style = _coder.Code(style, StyleFrequencies);
        var words = new List<CaptionToken>();
        while (true)
        {
            CaptionToken? next = text is not null && words.Count < text.Words.Count ? text.Words[words.Count] : null;
            if (CodeWord(next) is not CaptionToken word)
            {
                return new CaptionText((style & 2) != 0, (style & 1) != 0, words);
            }

            words.Add(word);
            // A word and its space, which punctuation does not have: this bounds the loop even where words are empty.
            _length += 1 + word.Text.Length;
            if (_length > 2 * (CaptionCoder.MaxBytes + 1))
            {
                throw new PerCoException(
                    $"The caption is longer than {CaptionCoder.MaxBytes} bytes: the file is damaged.");
            }
        }
    }

    // Null writes, and stands for, the end.
    private CaptionToken? CodeWord(CaptionToken? word)
    {
        // One spelled word makes the next likely: names, other languages. One in fifty at the start.
        uint tokens = (uint)_history.Count;
        ReadOnlySpan<uint> kinds = [50 * (tokens - _spelled) - 1, (50 * _spelled) + 1];
        if (_coder.Code(word?.Id == CaptionModel.Unknown ? 1 : 0, kinds) == 1)
        {
            _spelled++;
            string spelling = _spelling.Code(word?.Text);
            _history.Add(CaptionModel.Unknown);
            return new CaptionToken(CaptionModel.Unknown, spelling, CodeCase(word, spelling, isName: false));
        }

        _model.Words.Predict(CollectionsMarshal.AsSpan(_history), _frequencies);
        _frequencies[CaptionModel.Unknown] = 0;
        _frequencies[CaptionModel.Start] = 0;
        int id = _coder.Code(word?.Id ?? CaptionModel.End, _frequencies);
        if (id == CaptionModel.End)
        {
            return null;
        }

        _history.Add(id);
        string text = _model.Text(id);
        return new CaptionToken(id, text, CodeCase(word, text, _model.IsName(id)));
    }

    private LetterCase CodeCase(CaptionToken? word, string text, bool isName)
    {
        if (!LetterCases.HasLetters(text))
        {
            return LetterCase.Lower;
        }

        bool isFirst = _history.Count == 2;
        uint[] frequencies = isFirst ? FirstCaseFrequencies
            : isName ? NameCaseFrequencies
            : CaseFrequencies[(int)_previousCase];
        var letterCase = (LetterCase)_coder.Code((int)(word?.Case ?? LetterCase.Lower), frequencies);
        // A sentence's own capital says nothing about the next word.
        _previousCase = isFirst && letterCase == LetterCase.Capital ? LetterCase.Lower : letterCase;
        return letterCase;
    }
}
