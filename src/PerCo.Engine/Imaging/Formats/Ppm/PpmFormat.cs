namespace PerCo.Engine.Imaging.Formats.Ppm;

/// <summary>
/// The binary formats of Netpbm: PPM (P6), PGM (P5) and PAM (P7), with samples of 8 or 16 bits; PPM is written.
/// Specifications: https://netpbm.sourceforge.net/doc/ppm.html, pgm.html and pam.html. Samples are taken as sRGB,
/// transparent pixels are composited over white, and of several pictures in one file the first is read.
/// </summary>
internal sealed class PpmFormat : ImageFormat
{
    /// <summary>The name in error messages.</summary>
    public const string FormatName = "PPM";

    /// <inheritdoc/>
    public override string Name => FormatName;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Extensions { get; } = [".ppm", ".pnm"];

    /// <inheritdoc/>
    public override bool CanEncode => true;

    /// <inheritdoc/>
    public override bool Matches(ReadOnlySpan<byte> start) =>
        start.StartsWith("P5"u8) || start.StartsWith("P6"u8) || start.StartsWith("P7"u8);

    /// <inheritdoc/>
    public override Image Decode(ReadOnlySpan<byte> file, ImageLimits limits) => PpmDecoder.Decode(file, limits);

    /// <inheritdoc/>
    public override void Encode(Image image, Stream output, IReadOnlyList<ImageText> texts) =>
        PpmEncoder.Encode(image, output);

    /// <summary>The error for a part of a Netpbm file.</summary>
    public static ImageFormatException Error(string field, long offset, string problem) =>
        new(FormatName, field, offset, problem);
}
