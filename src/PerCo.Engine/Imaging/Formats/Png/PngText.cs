using System.Text;

namespace PerCo.Engine.Imaging.Formats.Png;

/// <summary>Notes in tEXt and iTXt chunks (PNG, section 11.3.3).</summary>
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

        // Half of a surrogate pair does not come back.
        byte[] utf8 = Encoding.UTF8.GetBytes(note.Text);
        if (note.Text.Contains('\0') || Encoding.UTF8.GetString(utf8) != note.Text)
        {
            throw new ArgumentException(
                $"The text of '{keyword}' holds a NUL or half of a surrogate pair.", nameof(note));
        }

        byte[] name = Encoding.Latin1.GetBytes(keyword);
        if (note.Text.All(c => c == '\n' || IsPrintable(c)))
        {
            return ("tEXt"u8.ToArray(), [.. name, 0, .. Encoding.Latin1.GetBytes(note.Text)]);
        }

        // NUL, not compressed, method 0, no language, no translated keyword.
        return ("iTXt"u8.ToArray(), [.. name, 0, 0, 0, 0, 0, .. utf8]);
    }

    /// <summary>The notes of a file; compressed ones (zTXt, and iTXt that says so) are passed over.</summary>
    /// <param name="file">The whole file.</param>
    /// <exception cref="ImageFormatException">The file is damaged, as far as its chunks show.</exception>
    public static IReadOnlyList<ImageText> ReadAll(ReadOnlySpan<byte> file)
    {
        PngFormat.CheckSignature(file);
        var notes = new List<ImageText>();
        PngChunk chunk = PngChunk.At(file, PngFormat.Signature.Length);
        for (; !chunk.Is("IEND"u8); chunk = PngChunk.At(file, chunk.End))
        {
            bool international = chunk.Is("iTXt"u8);
            if (international || chunk.Is("tEXt"u8))
            {
                chunk.CheckCrc();
                if (Parse(chunk.Data, international) is { } note)
                {
                    notes.Add(note);
                }
            }
        }

        return notes;
    }

    private static ImageText? Parse(ReadOnlySpan<byte> data, bool international)
    {
        int end = data.IndexOf((byte)0);
        if (end < 0)
        {
            return null; // A note without its separator says nothing, and spoils no pixels.
        }

        string keyword = Encoding.Latin1.GetString(data[..end]);
        ReadOnlySpan<byte> text = data[(end + 1)..];
        if (!international)
        {
            return new ImageText(keyword, Encoding.Latin1.GetString(text));
        }

        // Whether and how it is compressed, then language and translated keyword, each with a NUL behind it.
        int language = text.Length < 2 || text[0] != 0 ? -1 : text[2..].IndexOf((byte)0);
        int translated = language < 0 ? -1 : text[(language + 3)..].IndexOf((byte)0);
        return translated < 0 ? null
            : new ImageText(keyword, Encoding.UTF8.GetString(text[(language + translated + 4)..]));
    }

    private static bool IsPrintable(char c) => c is (>= ' ' and <= '~') or (>= '\u00A1' and <= '\u00FF');
}
