using System.Globalization;

namespace PerCo.Engine.Tokenizers;

/// <summary>What the splitting patterns of CLIP and GPT-2 distinguish: <c>\p{L}</c>, <c>\p{N}</c>, <c>\s</c>.</summary>
internal enum CharacterClass
{
    /// <summary>Anything else: punctuation, symbols, marks, controls.</summary>
    Other,

    /// <summary>General category L*.</summary>
    Letter,

    /// <summary>General category N*.</summary>
    Number,

    /// <summary>Property White_Space.</summary>
    Space,
}

/// <summary>Classes of code points, from .NET's own Unicode data, which no system library changes.</summary>
internal static class CharacterClasses
{
    /// <summary>The class of a code point.</summary>
    public static CharacterClass Of(int codePoint)
    {
        // White_Space lies within the basic plane.
        if (codePoint <= char.MaxValue && char.IsWhiteSpace((char)codePoint))
        {
            return CharacterClass.Space;
        }

        return CharUnicodeInfo.GetUnicodeCategory(codePoint) switch
        {
            <= UnicodeCategory.OtherLetter => CharacterClass.Letter,
            UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber
                => CharacterClass.Number,
            _ => CharacterClass.Other,
        };
    }

    /// <summary>The end of the run of <paramref name="kind"/> that starts at <paramref name="start"/>.</summary>
    public static int EndOfRun(ReadOnlySpan<int> text, int start, CharacterClass kind)
    {
        int end = start;
        while (end < text.Length && Of(text[end]) == kind)
        {
            end++;
        }

        return end;
    }
}
