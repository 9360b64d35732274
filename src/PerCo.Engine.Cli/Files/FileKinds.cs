using PerCo.Engine.Codec;
using PerCo.Engine.Codec.PercoSd;
using PerCo.Engine.Imaging;

namespace PerCo.Engine.Cli.Files;

/// <summary>Which files of a folder a verb takes: by name, so that a damaged one is reported, or by content.</summary>
internal static class FileKinds
{
    private const int StartBytes = 16;

    public static bool IsPicture(string path) =>
        HasExtension(path, [.. ImageFormats.All.SelectMany(f => f.Extensions)])
        || Start(path) is var start && ImageFormats.All.Any(f => f.Matches(start));

    public static bool IsContainer(string path) =>
        HasExtension(path, PerCoFile.Extension, PercoSdFile.Extension) || PerCoFile.IsPerCoFile(Start(path));

    public static bool IsWeights(string path) => HasExtension(path, ".safetensors");

    /// <summary>Whether reading would wait for a writer: nobody means that of a folder's content.</summary>
    public static bool IsPipe(string path)
    {
        try
        {
            if (OperatingSystem.IsWindows() || new FileInfo(path) is not { Exists: true, Length: 0 })
            {
                return false;
            }

            // Opened for both, a pipe does not wait for its other side.
            using FileStream stream = new(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
            return !stream.CanSeek;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Whether a name is one of a single file that verbs write.</summary>
    public static bool IsOutputName(string path) => HasExtension(
        path,
        [PerCoFile.Extension, PercoSdFile.Extension, .. ImageFormats.All.SelectMany(format => format.Extensions)]);

    public static bool HasExtension(string path, params ReadOnlySpan<string> extensions)
    {
        foreach (string extension in extensions)
        {
            if (Path.GetExtension(path).Equals(extension, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }

    private static byte[] Start(string path)
    {
        try
        {
            // Pipes and devices would wait for a writer.
            var file = new FileInfo(path);
            if ((file.Attributes & (FileAttributes.Device | FileAttributes.Directory)) != 0 || file.Length == 0)
            {
                return [];
            }

            using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
            var start = new byte[StartBytes];
            return start[..stream.ReadAtLeast(start, StartBytes, throwOnEndOfStream: false)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
