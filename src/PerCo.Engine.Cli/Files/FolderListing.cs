using PerCo.Engine.IO;

namespace PerCo.Engine.Cli.Files;

/// <summary>Names in a folder, in ordinal order on every machine; linked folders are not followed.</summary>
internal static class FolderListing
{
    public static IEnumerable<string> Files(string folder, bool hidden = false) =>
        Names(folder, hidden, d => d.EnumerateFiles());

    public static IEnumerable<string> Folders(string folder, bool hidden = false) =>
        Names(folder, hidden, d => d.EnumerateDirectories().Where(child => child.LinkTarget is null));

    private static IEnumerable<string> Names(
        string folder, bool hidden, Func<DirectoryInfo, IEnumerable<FileSystemInfo>> list)
    {
        try
        {
            var directory = new DirectoryInfo(folder.Length == 0 ? "." : folder);
            return directory.Exists
                ? [.. list(directory).Select(f => f.Name).Where(n => hidden || !n.StartsWith('.'))
                    .Order(StringComparer.Ordinal)]
                : [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new PerCoException($"{folder}: cannot be listed: {FileReason.Of(e, "")}", e);
        }
    }
}
