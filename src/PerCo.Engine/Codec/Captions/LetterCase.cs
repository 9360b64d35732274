namespace PerCo.Engine.Codec.Captions;

/// <summary>How a word's ASCII letters are written; others are left alone.</summary>
internal enum LetterCase
{
    /// <summary>No capital.</summary>
    Lower,

    /// <summary>A capital at the very start, and no other.</summary>
    Capital,

    /// <summary>At least two letters, all capitals.</summary>
    Upper,

    /// <summary>Anything else, spelled as it is.</summary>
    Mixed,
}

/// <summary>Recognises and applies <see cref="LetterCase"/>s.</summary>
internal static class LetterCases
{
    /// <summary>The case of a word.</summary>
    public static LetterCase Of(ReadOnlySpan<char> word)
    {
        int capitals = 0;
        int letters = 0;
        foreach (char c in word)
        {
            capitals += char.IsAsciiLetterUpper(c) ? 1 : 0;
            letters += char.IsAsciiLetter(c) ? 1 : 0;
        }

        if (capitals == 0)
        {
            return LetterCase.Lower;
        }

        if (capitals == 1 && char.IsAsciiLetterUpper(word[0]))
        {
            return LetterCase.Capital;
        }

        return capitals == letters && letters > 1 ? LetterCase.Upper : LetterCase.Mixed;
    }

    /// <summary>Whether a word has a case at all.</summary>
    public static bool HasLetters(ReadOnlySpan<char> word) => word.ContainsAnyInRange('a', 'z')
        || word.ContainsAnyInRange('A', 'Z');

    /// <summary>The lower-case form that is coded; a mixed word stays as it is.</summary>
    public static string Remove(string word, LetterCase letterCase) =>
        letterCase is LetterCase.Capital or LetterCase.Upper
            ? Map(word, c => char.IsAsciiLetterUpper(c) ? (char)(c | 0x20) : c)
            : word;

    /// <summary>The word as it was written, from the form that is coded.</summary>
    public static string Apply(string word, LetterCase letterCase) => letterCase switch
    {
        LetterCase.Capital when word.Length > 0 => ToUpper(word[0]) + word[1..],
        LetterCase.Upper => Map(word, ToUpper),
        _ => word,
    };

    private static char ToUpper(char c) => char.IsAsciiLetterLower(c) ? (char)(c & ~0x20) : c;

    private static string Map(string word, Func<char, char> map) => string.Create(
        word.Length,
        (word, map),
        static (output, source) =>
        {
            for (int i = 0; i < output.Length; i++)
            {
                output[i] = source.map(source.word[i]);
            }
        });
}
