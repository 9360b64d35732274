namespace PerCo.Engine.Imaging.Formats.Png;

/// <summary>
/// Portable Network Graphics, third edition: https://www.w3.org/TR/png-3/. Every colour type, bit depth and interlacing
/// is read; 8-bit RGB is written. Colours become sRGB by the profile in iCCP; gAMA, cHRM and the like are not applied.
/// Transparent pixels are composited over white. The orientation in an eXIf chunk is applied.
/// </summary>
internal sealed class PngFormat : ImageFormat
{
    /// <summary>The name in error messages.</summary>
    public const string FormatName = "PNG";

    /// <summary>The eight bytes that every file starts with.</summary>
    public static ReadOnlySpan<byte> Signature => [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];

    /// <inheritdoc/>
    public override string Name => FormatName;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Extensions { get; } = [".png"];

    /// <inheritdoc/>
    public override bool CanEncode => true;

    /// <inheritdoc/>
    public override bool KeepsTexts => true;

    // Four bytes are enough to call it a PNG; the decoder then names what a transfer did to the other four.
    /// <inheritdoc/>
    public override bool Matches(ReadOnlySpan<byte> start) => start.StartsWith(Signature[..4]);

    /// <inheritdoc/>
    public override Image Decode(ReadOnlySpan<byte> file, ImageLimits limits) => PngDecoder.Decode(file, limits);

    /// <inheritdoc/>
    public override IReadOnlyList<ImageText> Texts(ReadOnlySpan<byte> file) => PngText.ReadAll(file);

    /// <inheritdoc/>
    public override void Encode(Image image, Stream output, IReadOnlyList<ImageText> texts) =>
        PngEncoder.Encode(image, output, texts);

    /// <summary>Checks the first eight bytes.</summary>
    /// <exception cref="ImageFormatException">They are other bytes.</exception>
    public static void CheckSignature(ReadOnlySpan<byte> file)
    {
        if (!file.StartsWith(Signature))
        {
            throw Error(
                "signature", 0, "the eight bytes are not those of a PNG; sent as text or cut short, get a fresh copy");
        }
    }

    /// <summary>The error for a part of a PNG file.</summary>
    public static ImageFormatException Error(string field, long offset, string problem) =>
        new(FormatName, field, offset, problem);
}
