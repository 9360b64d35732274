using System.Text;

namespace PerCo.Engine.Imaging.Formats.Png;

/// <summary>Notes as tEXt and iTXt chunks (PNG, section 11.3.3).</summary>
internal static class PngText
{
    private const int MaxKeyword = 79;

    /// <summary>The chunk for a note: tEXt where Latin-1 holds the text, else iTXt in UTF-8, uncompressed.</summary>
    /// <param name="note">The note.</param>
    /// <exception cref="ArgumentException">The keyword or the text cannot be kept in a PNG.</exception>
    public static (byte[] Type, byte[] Data) ToChunk(ImageText note)
    {
        string keyword = note.Keyword;
        if (keyword.Length is 0 or > MaxKeyword || !keyword.All(IsPrintable) || keyword.Trim() != keyword
            || keyword.Contains("  "))
        {
            throw new ArgumentException(
                $"The keyword '{keyword}' is not 1 to {MaxKeyword} printable Latin-1 characters with single spaces.",
                nameof(note));
        }

        if (note.Text.Contains('\0'))
        {
            throw new ArgumentException($"The text of '{keyword}' holds a NUL.", nameof(note));
        }

        byte[] name = Encoding.Latin1.GetBytes(keyword);
        if (note.Text.All(c => c == '\n' || IsPrintable(c)))
        {
            return ("tEXt"u8.ToArray(), [.. name, 0, .. Encoding.Latin1.GetBytes(note.Text)]);
        }

        // NUL, not compressed, method 0, no language, no translated keyword.
        return ("iTXt"u8.ToArray(), [.. name, 0, 0, 0, 0, 0, .. Encoding.UTF8.GetBytes(note.Text)]);
    }

    private static bool IsPrintable(char c) => c is (>= ' ' and <= '~') or (>= '\u00A1' and <= '\u00FF');
}
