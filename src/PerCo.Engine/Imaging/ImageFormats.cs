using PerCo.Engine.Imaging.Formats.Jpeg;
using PerCo.Engine.Imaging.Formats.Png;
using PerCo.Engine.Imaging.Formats.Ppm;
using PerCo.Engine.IO;

namespace PerCo.Engine.Imaging;

/// <summary>Reads and writes picture files. Its first bytes tell the format of a file, never its name.</summary>
/// <remarks>
/// Colours become sRGB: ICC profiles of curves and a matrix (Display P3, Adobe RGB) and of grey are applied, others,
/// and gamma, are not. Before that samples of 16 bits are rounded to 8 and transparent pixels composited over white;
/// afterwards the EXIF orientation is applied, so that pictures come upright.
/// PNG: all of the specification but animation. PPM, PGM and PAM: the binary ones. JPEG: baseline and progressive,
/// 8 bits, grey and colour, read only. A damaged file is refused; a part of a picture is never returned.
/// </remarks>
public static class ImageFormats
{
    private static readonly ImageText[] NoTexts = [];

    /// <summary>Every format that is known here, in the order in which they are tried.</summary>
    public static IReadOnlyList<ImageFormat> All { get; } =
    [
        new PngFormat(),
        new JpegFormat(),
        new PpmFormat(),
    ];

    /// <summary>Reads a picture from memory.</summary>
    /// <param name="file">The whole file.</param>
    /// <param name="limits">What the file may ask for; <see cref="ImageLimits.Default"/> when null.</param>
    /// <exception cref="ImageFormatException">The file is damaged, unsupported or over the limits.</exception>
    public static Image Decode(ReadOnlySpan<byte> file, ImageLimits? limits = null)
    {
        return Of(file).Decode(file, limits ?? ImageLimits.Default);
    }

    /// <summary>Reads the notes in a picture's file, without its pixels.</summary>
    /// <param name="file">The whole file.</param>
    /// <returns>
    /// The notes in the order of the file. Formats without a place for them, and compressed notes, give none.
    /// </returns>
    /// <exception cref="ImageFormatException">The file is damaged or unsupported.</exception>
    public static IReadOnlyList<ImageText> Texts(ReadOnlySpan<byte> file) => Of(file).Texts(file);

    /// <summary>Reads a picture from a stream, to the stream's end.</summary>
    /// <param name="stream">The file's bytes; need not be seekable.</param>
    /// <param name="limits">What the file may ask for; <see cref="ImageLimits.Default"/> when null.</param>
    /// <exception cref="ImageFormatException">The file is damaged, unsupported or over the limits.</exception>
    public static Image Decode(Stream stream, ImageLimits? limits = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        limits ??= ImageLimits.Default;
        long most = Math.Min(limits.MaxFileBytes, Array.MaxLength);
        return Decode(
            BoundedRead.All(stream, most, () => new ImageFormatException(
                "picture", "file size", most, $"the file is longer than the limit of {most} bytes")),
            limits);
    }

    /// <summary>Reads a picture file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="limits">What the file may ask for; <see cref="ImageLimits.Default"/> when null.</param>
    /// <exception cref="PerCoException">The file is unreadable, damaged, unsupported or over the limits.</exception>
    public static Image Load(string path, ImageLimits? limits = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        try
        {
            using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
            return Decode(stream, limits);
        }
        catch (ImageFormatException e)
        {
            throw e.In(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new PerCoException($"{path}: cannot be read: {FileReason.Of(e, path)}", e);
        }
    }

    /// <summary>Writes a picture to memory.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="format">One of <see cref="All"/> that can be written.</param>
    /// <param name="texts">Notes to keep in the file, where the format has a place for them.</param>
    /// <exception cref="PerCoException">The format is only read.</exception>
    public static byte[] Encode(Image image, ImageFormat format, IReadOnlyList<ImageText>? texts = null)
    {
        using MemoryStream file = new();
        Encode(image, file, format, texts);
        return file.ToArray();
    }

    /// <summary>Writes a picture to a stream.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="output">Where the file's bytes go; need not be seekable.</param>
    /// <param name="format">One of <see cref="All"/> that can be written.</param>
    /// <param name="texts">Notes to keep in the file, where the format has a place for them.</param>
    /// <exception cref="PerCoException">The format is only read.</exception>
    public static void Encode(
        Image image, Stream output, ImageFormat format, IReadOnlyList<ImageText>? texts = null)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(format);
        RequireEncoder(format);
        format.Encode(image, output, Notes(texts));
    }

    /// <summary>
    /// Writes a picture file in the format that its name ends in. The file appears complete or not at all: it is
    /// written under a temporary name in the same folder, flushed to the disk and renamed.
    /// </summary>
    /// <param name="image">The picture.</param>
    /// <param name="path">The file; its ending chooses the format.</param>
    /// <param name="texts">Notes to keep in the file, where the format has a place for them.</param>
    /// <param name="overwrite">Whether an existing file is replaced.</param>
    /// <exception cref="PerCoException">The ending is unknown, the format is only read, or the file cannot be
    /// written.</exception>
    public static void Save(Image image, string path, IReadOnlyList<ImageText>? texts = null, bool overwrite = true)
    {
        ArgumentNullException.ThrowIfNull(image);
        ImageFormat format = ForPath(path);
        RequireEncoder(format);
        texts = Notes(texts);
        AtomicFile.Write(path, stream => format.Encode(image, stream, texts), overwrite);
    }

    /// <summary>The format in which a file of this name is written.</summary>
    /// <param name="path">A file name; only its ending matters.</param>
    /// <exception cref="PerCoException">The ending is unknown.</exception>
    public static ImageFormat ForPath(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        string extension = Path.GetExtension(path).ToLowerInvariant();
        return All.FirstOrDefault(f => f.Extensions.Contains(extension)) ?? throw new PerCoException(
            $"{path}: no picture format is known for '{extension}'; expected one of {EncodableExtensions()}.");
    }

    /// <summary>The format of a file, by its first bytes.</summary>
    /// <param name="file">The file, or its first 16 bytes.</param>
    /// <exception cref="ImageFormatException">It is none of <see cref="All"/>.</exception>
    public static ImageFormat Of(ReadOnlySpan<byte> file)
    {
        foreach (ImageFormat format in All)
        {
            if (format.Matches(file))
            {
                return format;
            }
        }

        string found = file.IsEmpty ? "an empty file; get a fresh copy"
            : $"{ForeignFormats.Name(file) ?? "an unknown format"}; convert it to PNG first";
        string known = string.Join(", ", All.Select(f => f.Name));
        throw new ImageFormatException("picture", "signature", 0, $"expected one of {known}, found {found}");
    }

    private static IReadOnlyList<ImageText> Notes(IReadOnlyList<ImageText>? texts) =>
        texts is null ? NoTexts
        : texts.Any(note => note?.Keyword is null || note.Text is null)
            ? throw new ArgumentException("A note, its keyword or its text is null.", nameof(texts))
        : texts;

    private static void RequireEncoder(ImageFormat format)
    {
        if (!format.CanEncode)
        {
            throw new PerCoException(
                $"{format.Name} pictures can be read but not written; write one of {EncodableExtensions()}.");
        }
    }

    private static string EncodableExtensions() =>
        string.Join(", ", All.Where(f => f.CanEncode).SelectMany(f => f.Extensions));
}
