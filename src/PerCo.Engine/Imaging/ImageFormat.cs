namespace PerCo.Engine.Imaging;

/// <summary>One file format: how it is named, recognised, read and written.</summary>
public abstract class ImageFormat
{
    /// <summary>The short name, such as PNG.</summary>
    public abstract string Name { get; }

    /// <summary>File name endings with their dot, in lower case; the first is the usual one.</summary>
    public abstract IReadOnlyList<string> Extensions { get; }

    /// <summary>Whether <see cref="Encode"/> works, or the format is only read.</summary>
    public abstract bool CanEncode { get; }

    /// <summary>Whether a file has a place for notes: see <see cref="Texts"/>.</summary>
    public virtual bool KeepsTexts => false;

    /// <summary>Whether a file that starts with these bytes is of this format.</summary>
    /// <param name="start">The first bytes of the file; 16 are enough.</param>
    public abstract bool Matches(ReadOnlySpan<byte> start);

    /// <summary>Reads a picture.</summary>
    /// <param name="file">The whole file.</param>
    /// <param name="limits">What the file may ask for.</param>
    /// <exception cref="ImageFormatException">The file is damaged, unsupported or over the limits.</exception>
    public abstract Image Decode(ReadOnlySpan<byte> file, ImageLimits limits);

    /// <summary>Reads the notes in a picture's file, without its pixels.</summary>
    /// <param name="file">The whole file.</param>
    /// <returns>The notes in the order of the file; none where <see cref="KeepsTexts"/> is false.</returns>
    /// <exception cref="ImageFormatException">The file is damaged.</exception>
    public virtual IReadOnlyList<ImageText> Texts(ReadOnlySpan<byte> file) => [];

    /// <summary>Writes a picture.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="output">Where the file's bytes go; need not be seekable.</param>
    /// <param name="texts">Notes to keep in the file, where the format has a place for them.</param>
    /// <exception cref="NotSupportedException">The format is only read.</exception>
    public abstract void Encode(Image image, Stream output, IReadOnlyList<ImageText> texts);
}
