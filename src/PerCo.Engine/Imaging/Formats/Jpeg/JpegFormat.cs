namespace PerCo.Engine.Imaging.Formats.Jpeg;

/// <summary>
/// JPEG, ITU-T T.81: https://www.w3.org/Graphics/JPEG/itu-t81.pdf. Baseline, extended and progressive Huffman files of
/// 8 bits are read, grey or of three components; pixels are those of libjpeg-turbo with its default settings.
/// Colours are told by JFIF and Adobe markers, and become sRGB by the ICC profile. The EXIF orientation is applied.
/// CMYK, 12 bits, arithmetic coding and lossless files are refused by name. Not written.
/// </summary>
internal sealed class JpegFormat : ImageFormat
{
    /// <summary>The name in error messages.</summary>
    public const string FormatName = "JPEG";

    /// <inheritdoc/>
    public override string Name => FormatName;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Extensions { get; } = [".jpg", ".jpeg", ".jpe", ".jfif"];

    /// <inheritdoc/>
    public override bool CanEncode => false;

    /// <inheritdoc/>
    public override bool Matches(ReadOnlySpan<byte> start) => start.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xD8, 0xFF]);

    /// <inheritdoc/>
    public override Image Decode(ReadOnlySpan<byte> file, ImageLimits limits) => JpegDecoder.Decode(file, limits);

    /// <inheritdoc/>
    public override void Encode(Image image, Stream output, IReadOnlyList<ImageText> texts) =>
        throw new NotSupportedException("JPEG is read only.");

    /// <summary>The error for a part of a JPEG file.</summary>
    public static ImageFormatException Error(string field, long offset, string problem) =>
        new(FormatName, field, offset, problem);
}
