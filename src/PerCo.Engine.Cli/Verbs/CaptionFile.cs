using System.Text;
using PerCo.Engine.Cli.Files;
using PerCo.Engine.Codec.Captions;

namespace PerCo.Engine.Cli.Verbs;

/// <summary>Captions from a text file: one for every picture, or a table of names and captions.</summary>
internal sealed class CaptionFile
{
    private const long MaxFileBytes = 256L << 20;

    private readonly Dictionary<string, string> _byName = new(StringComparer.Ordinal);
    private readonly string? _all;

    private CaptionFile(string path, string text)
    {
        if (!text.Contains('\t', StringComparison.Ordinal))
        {
            _all = Checked(path, text.Trim());
            int lines = _all.Split('\n').Length;
            if (lines > 1)
            {
                throw new PerCoException(
                    $"{path}: has {lines} lines without a tab, expected one caption for all pictures, or lines of file "
                    + "name, tab and caption.");
            }

            return;
        }

        foreach ((int number, string line) in text.Split('\n').Index())
        {
            int tab = line.IndexOf('\t', StringComparison.Ordinal);
            if (tab > 0)
            {
                // Data sets list several captions a picture; the first is taken.
                _byName.TryAdd(Slashes(line[..tab]), Checked(path, line[(tab + 1)..].Trim()));
            }
            else if (!string.IsNullOrWhiteSpace(line))
            {
                throw new PerCoException(
                    $"{path}: line {number + 1} is no file name, tab and caption, as other lines are.");
            }
        }
    }

    /// <summary>Reads a file.</summary>
    /// <exception cref="PerCoException">It cannot be read, is no UTF-8, or a caption is too long.</exception>
    public static CaptionFile Load(string path)
    {
        byte[] bytes = StandardStreams.ReadAll(path, MaxFileBytes);
        try
        {
            string text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes);
            return new CaptionFile(StandardStreams.InputName(path), text.TrimStart('\uFEFF'));
        }
        catch (DecoderFallbackException e)
        {
            throw new PerCoException($"{StandardStreams.InputName(path)}: is no UTF-8 text, expected a caption.", e);
        }
    }

    /// <summary>
    /// The caption of a picture, or null where the file has none for it: by its place below the folder that was named,
    /// by its path as it was named, or by its name alone.
    /// </summary>
    public string? For(InputFile picture) =>
        _all ?? _byName.GetValueOrDefault(Slashes(picture.Relative)) ?? _byName.GetValueOrDefault(Slashes(picture.Path))
            ?? _byName.GetValueOrDefault(Path.GetFileName(picture.Path));

    /// <summary>What is wrong with a caption's length, or null.</summary>
    public static string? TooLong(string caption)
    {
        int bytes = Encoding.UTF8.GetByteCount(caption);
        return bytes <= CaptionCoder.MaxBytes ? null
            : $"the caption has {bytes} bytes of UTF-8, expected at most {CaptionCoder.MaxBytes}.";
    }

    // Tables are carried from one system to another.
    private static string Slashes(string path) => path.Replace('\\', '/');

    private static string Checked(string path, string caption) =>
        TooLong(caption) is { } error ? throw new PerCoException($"{path}: {error}") : caption;
}
