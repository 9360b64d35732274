namespace PerCo.Engine.Imaging;

/// <summary>A picture file that is damaged, unsupported or over the limits: which field, at which byte.</summary>
public sealed class ImageFormatException : PerCoException
{
    private readonly string _problem;

    /// <summary>Creates the error for a field of a picture file.</summary>
    /// <param name="format">The format's name, such as PNG.</param>
    /// <param name="field">The part of the file at fault, such as "IHDR width".</param>
    /// <param name="offset">Where that part starts, in bytes from the start of the file.</param>
    /// <param name="problem">What was expected, what was found, and what to do next.</param>
    public ImageFormatException(string format, string field, long offset, string problem)
        : base(Describe(null, format, field, offset, problem))
    {
        Format = format;
        Field = field;
        Offset = offset;
        _problem = problem;
    }

    private ImageFormatException(string path, ImageFormatException cause)
        : base(Describe(path, cause.Format, cause.Field, cause.Offset, cause._problem), cause)
    {
        Format = cause.Format;
        Field = cause.Field;
        Offset = cause.Offset;
        _problem = cause._problem;
    }

    /// <summary>The format's name.</summary>
    public string Format { get; }

    /// <summary>The part of the file at fault.</summary>
    public string Field { get; }

    /// <summary>Where that part starts, in bytes from the start of the file.</summary>
    public long Offset { get; }

    /// <summary>The same error, naming the file that it was found in.</summary>
    internal ImageFormatException In(string path) => new(path, this);

    private static string Describe(string? path, string format, string field, long offset, string problem) =>
        $"{(path is null ? "" : path + ": ")}{format}: {field} at byte {offset}: {problem}.";
}
