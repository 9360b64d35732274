namespace PerCo.Engine.IO;

/// <summary>Why a file cannot be used, without the full path that the system's messages repeat.</summary>
internal static class FileReason
{
    /// <summary>The reason, on one line, to stand behind "path: cannot be read: ".</summary>
    /// <param name="e">What was thrown.</param>
    /// <param name="path">The file.</param>
    public static string Of(Exception e, string path) => e switch
    {
        FileNotFoundException => "there is no such file.",
        DirectoryNotFoundException => "there is no such folder.",
        UnauthorizedAccessException when Directory.Exists(path) => "it is a folder.",
        UnauthorizedAccessException => "access is denied.",
        _ => OneLine(e.Message),
    };

    // "No space left on device : '/a/full/path'" and the like.
    private static string OneLine(string message)
    {
        string line = message.ReplaceLineEndings(" ");
        int path = line.EndsWith('\'') ? line.LastIndexOf(" : '", StringComparison.Ordinal) : -1;
        string reason = path > 0 ? line[..path] : line;
        return reason.EndsWith('.') ? reason : reason + ".";
    }
}
