using System.Text;

namespace PerCo.Engine.Codec.Captions;

/// <summary>
/// Codes captions for the .perco file: a frozen model of captions and range coding, in integers, so the same bytes
/// everywhere. An ordinary English caption takes one to two bits a character; no caption takes more than its UTF-8 and
/// one byte. What it achieves is in docs/caption-coder.md.
/// </summary>
/// <remarks>
/// Bytes that start with 0xFF are UTF-8 after that byte. Otherwise they are a range code, which the first decision
/// keeps below 0xFF; it ends with a symbol of its own, and zeros at its end are left out. No bytes are the empty
/// caption.
/// </remarks>
internal static class CaptionCoder
{
    /// <summary>The longest caption, in bytes of UTF-8.</summary>
    public const int MaxBytes = 4096;

    private const byte RawMark = 0xFF;

    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    // 255 parts of 256 for a code, so that its first byte is never the mark.
    private static readonly uint[] ModeFrequencies = [255, 1];

    /// <summary>The shortest code that this version knows for a caption.</summary>
    /// <param name="caption">Any Unicode text of at most <see cref="MaxBytes"/> bytes in UTF-8.</param>
    /// <returns>At most one byte more than the caption has in UTF-8; none for the empty caption.</returns>
    /// <exception cref="PerCoException">The caption is too long, or holds half of a surrogate pair.</exception>
    public static byte[] Encode(string caption)
    {
        ArgumentNullException.ThrowIfNull(caption);
        if (caption.Length == 0)
        {
            return [];
        }

        byte[] best = [RawMark, .. ToUtf8(caption)];
        CaptionModel model = CaptionModel.Shared;
        Try(CaptionText.Split(caption, spaced: false, model));
        CaptionText spaced = CaptionText.Split(caption, spaced: true, model);
        if (spaced.FullStop || spaced.Words.Any(w => model.IsAttached(w.Id)))
        {
            Try(spaced);
        }

        return best;

        void Try(CaptionText text)
        {
            byte[] code = Encode(text, model);
            if (code.Length < best.Length && text.Join(model) == caption)
            {
                best = code;
            }
        }
    }

    /// <summary>Refuses a caption that <see cref="Encode(string)"/> would refuse.</summary>
    /// <exception cref="PerCoException">The caption is too long, or holds half of a surrogate pair.</exception>
    public static void Check(string caption) => ToUtf8(caption);

    /// <summary>The caption of a code.</summary>
    /// <exception cref="PerCoException">The bytes are no code, or of a caption longer than <see cref="MaxBytes"/>.
    /// </exception>
    public static string Decode(ReadOnlySpan<byte> code)
    {
        if (code.IsEmpty)
        {
            return string.Empty;
        }

        if (code.Length > MaxBytes + 1)
        {
            throw new PerCoException(
                $"The caption's code has {code.Length} bytes, expected at most {MaxBytes + 1}: the file is damaged.");
        }

        if (code[0] == RawMark)
        {
            return FromUtf8(code[1..]);
        }

        CaptionModel model = CaptionModel.Shared;
        var decoder = new RangeDecoder(code);
        decoder.Code(0, ModeFrequencies);
        string caption = new TokenCoder(model, decoder).Code(null).Join(model);
        decoder.CheckEnd();
        int length = Encoding.UTF8.GetByteCount(caption);
        return length <= MaxBytes
            ? caption
            : throw new PerCoException($"The caption has {length} bytes, expected at most {MaxBytes}: damaged file.");
    }

    private static byte[] Encode(CaptionText text, CaptionModel model)
    {
        var encoder = new RangeEncoder();
        encoder.Code(0, ModeFrequencies);
        new TokenCoder(model, encoder).Code(text);
        byte[] code = encoder.Finish();
        return code.Length > 0 ? code : [0];
    }

    private static byte[] ToUtf8(string caption)
    {
        byte[] utf8;
        try
        {
            utf8 = StrictUtf8.GetBytes(caption);
        }
        catch (EncoderFallbackException e)
        {
            throw new PerCoException(
                $"The caption has half of a surrogate pair at {e.Index}, expected valid Unicode. Remove it.", e);
        }

        return utf8.Length <= MaxBytes
            ? utf8
            : throw new PerCoException(
                $"The caption has {utf8.Length} bytes in UTF-8, expected at most {MaxBytes}. Shorten it.");
    }

    private static string FromUtf8(ReadOnlySpan<byte> utf8)
    {
        try
        {
            return StrictUtf8.GetString(utf8);
        }
        catch (DecoderFallbackException e)
        {
            throw new PerCoException("The caption is not UTF-8: the file is damaged.", e);
        }
    }
}
