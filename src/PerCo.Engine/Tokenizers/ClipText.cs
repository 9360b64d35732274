using System.Globalization;
using System.Text;

namespace PerCo.Engine.Tokenizers;

/// <summary>
/// What CLIP's tokenizer does to a text before it is cut into words: transformers' BasicTokenizer as its CLIPTokenizer
/// uses it where ftfy is not installed (tokenization_clip.py; accents kept, punctuation not split).
/// </summary>
internal static class ClipText
{
    private const int CapitalSigma = 0x3A3;
    private const int SmallSigma = 0x3C3;
    private const int FinalSigma = 0x3C2;
    private const int CapitalDottedI = 0x130;
    private const int DotAbove = 0x307;
    private const int Ypogegrammeni = 0x345;

    /// <summary>
    /// The cleaned text as code points: controls, private, unassigned and lone surrogate code points dropped, white
    /// space made spaces, CJK ideographs set apart by spaces, then normal form C, then lower case.
    /// </summary>
    public static List<int> Clean(string text)
    {
        var points = new List<int>(text.Length + 8);
        foreach (Rune rune in text.EnumerateRunes())
        {
            // A lone surrogate arrives as U+FFFD, which is dropped as the surrogate would be.
            int c = rune.Value;
            if (c is 0 or 0xFFFD)
            {
                continue;
            }

            if (c is ' ' or '\t' or '\n' or '\r')
            {
                points.Add(' ');
                continue;
            }

            switch (CharUnicodeInfo.GetUnicodeCategory(c))
            {
                case UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.PrivateUse
                    or UnicodeCategory.Surrogate or UnicodeCategory.OtherNotAssigned:
                    break;
                case UnicodeCategory.SpaceSeparator or UnicodeCategory.LineSeparator
                    or UnicodeCategory.ParagraphSeparator:
                    points.Add(' ');
                    break;
                default:
                    if (IsIdeograph(c))
                    {
                        points.Add(' ');
                        points.Add(c);
                        points.Add(' ');
                    }
                    else
                    {
                        points.Add(c);
                    }

                    break;
            }
        }

        CanonicalComposition.Normalize(points);
        return Lower(points);
    }

    // Python's str.lower(): simple lower case, but for the two characters whose mapping is longer or depends on
    // what stands around them (SpecialCasing.txt).
    private static List<int> Lower(List<int> text)
    {
        var lower = new List<int>(text.Count);
        for (int i = 0; i < text.Count; i++)
        {
            int c = text[i];
            if (c == CapitalSigma)
            {
                lower.Add(EndsWord(text, i) ? FinalSigma : SmallSigma);
            }
            else if (c == CapitalDottedI)
            {
                lower.Add('i');
                lower.Add(DotAbove);
            }
            else if (c == Ypogegrammeni)
            {
                // A mark whose case variants are letters: the reference's pattern, which ignores case, takes it for
                // neither, so it parts words and vanishes.
                lower.Add(' ');
            }
            else
            {
                lower.Add(Rune.ToLowerInvariant(new Rune(c)).Value);
            }
        }

        return lower;
    }

    // Final_Sigma of the Unicode standard, section 3.13: a cased letter before, none after, case-ignorables skipped.
    private static bool EndsWord(List<int> text, int at)
    {
        int before = at - 1;
        while (before >= 0 && IsCaseIgnorable(text[before]))
        {
            before--;
        }

        if (before < 0 || !IsCased(text[before]))
        {
            return false;
        }

        int after = at + 1;
        while (after < text.Count && IsCaseIgnorable(text[after]))
        {
            after++;
        }

        return after == text.Count || !IsCased(text[after]);
    }

    // Case_Ignorable of DerivedCoreProperties.txt: these categories, and word-inner punctuation.
    private static bool IsCaseIgnorable(int c) =>
        CharUnicodeInfo.GetUnicodeCategory(c)
            is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark or UnicodeCategory.Format
            or UnicodeCategory.ModifierLetter or UnicodeCategory.ModifierSymbol
        || c is '\'' or '.' or ':' or 0xB7 or 0x387 or 0x55F or 0x5F4 or 0x2018 or 0x2019 or 0x2024 or 0x2027
            or 0xFE13 or 0xFE52 or 0xFE55 or 0xFF07 or 0xFF0E or 0xFF1A;

    // Cased of DerivedCoreProperties.txt, less what is case-ignorable as well.
    private static bool IsCased(int c) =>
        CharUnicodeInfo.GetUnicodeCategory(c)
            is UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter
        || c is 0xAA or 0xBA or (>= 0x2160 and <= 0x217F) or (>= 0x24B6 and <= 0x24E9)
            or (>= 0x1F130 and <= 0x1F149) or (>= 0x1F150 and <= 0x1F169) or (>= 0x1F170 and <= 0x1F189);

    // The eight blocks that BERT calls Chinese; kana and hangul are not among them.
    private static bool IsIdeograph(int c) =>
        c is (>= 0x4E00 and <= 0x9FFF) or (>= 0x3400 and <= 0x4DBF) or (>= 0x20000 and <= 0x2A6DF)
            or (>= 0x2A700 and <= 0x2B73F) or (>= 0x2B740 and <= 0x2B81F) or (>= 0x2B820 and <= 0x2CEAF)
            or (>= 0xF900 and <= 0xFAFF) or (>= 0x2F800 and <= 0x2FA1F);
}
