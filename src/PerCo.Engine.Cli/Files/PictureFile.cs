using PerCo.Engine.Imaging;

namespace PerCo.Engine.Cli.Files;

/// <summary>Pictures that the command line names; they may come through a pipe.</summary>
internal static class PictureFile
{
    /// <summary>Reads a picture, from standard input for <c>-</c>.</summary>
    /// <exception cref="PerCoException">It cannot be read, is damaged, or over the limits.</exception>
    public static Image Load(string path, ImageLimits limits) =>
        Decode(path, StandardStreams.ReadAll(path, limits.MaxFileBytes), limits);

    /// <summary>Decodes what was read; errors name the file.</summary>
    /// <exception cref="PerCoException">It is damaged, or over the limits.</exception>
    public static Image Decode(string path, byte[] bytes, ImageLimits limits)
    {
        try
        {
            return ImageFormats.Decode(bytes, limits);
        }
        catch (ImageFormatException e)
        {
            throw e.In(StandardStreams.InputName(path));
        }
    }
}
