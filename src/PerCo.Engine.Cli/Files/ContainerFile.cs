using PerCo.Engine.Codec;
using PerCo.Engine.Codec.PercoSd;

namespace PerCo.Engine.Cli.Files;

/// <summary>A compressed picture: a .perco file, or one of PerCo (SD), told by its content.</summary>
/// <param name="Own">The content of a .perco file, or null.</param>
/// <param name="PercoSd">The content of a .pkl file, or null.</param>
/// <param name="Bytes">The whole file.</param>
internal sealed record ContainerFile(PerCoFile? Own, PercoSdFile? PercoSd, byte[] Bytes)
{
    public int Width => Own?.Width ?? PercoSd!.Width;

    public int Height => Own?.Height ?? PercoSd!.Height;

    /// <summary>Reads a file, or standard input for <c>-</c>.</summary>
    /// <exception cref="PerCoException">It cannot be read, or is damaged; the message begins with its name.</exception>
    public static ContainerFile Load(string path, PerCoFileLimits limits) =>
        Parse(path, StandardStreams.ReadAll(path, limits.MaxFileBytes), limits);

    /// <summary>Reads a file from memory.</summary>
    /// <exception cref="PerCoException">It is damaged; the message begins with its name.</exception>
    public static ContainerFile Parse(string path, byte[] bytes, PerCoFileLimits limits)
    {
        try
        {
            return PercoSdFile.IsPercoSdFile(bytes)
                ? new ContainerFile(null, PercoSdFile.Parse(bytes), bytes)
                : new ContainerFile(PerCoFile.Parse(bytes, limits), null, bytes);
        }
        catch (PerCoException e)
        {
            throw new PerCoException($"{StandardStreams.InputName(path)}: {e.Message}", e);
        }
    }

    /// <summary>What decoding takes; files of PerCo (SD) name no model, so it is taken to be the present one.</summary>
    public PerCoFile ForModel(PerCoModel model) => Own ?? PercoSd!.ToPerCoFile(model.Folder.Identity);
}
