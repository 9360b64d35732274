namespace PerCo.Engine.Backends.Gpu;

/// <summary>
/// Where built programs and verdicts about devices are kept: <c>percoengine</c> in the user's cache folder
/// (XDG_CACHE_HOME or ~/.cache; the local application data on Windows). The variable PERCOENGINE_CACHE names another
/// folder, or is "off".
/// </summary>
internal static class CacheFolder
{
    /// <summary>The variable that changes the folder.</summary>
    public const string Variable = "PERCOENGINE_CACHE";

    private const string Off = "off";

    /// <summary>A folder below it, which need not exist yet; null where nothing is to be kept.</summary>
    public static string? For(string kind)
    {
        string chosen = Environment.GetEnvironmentVariable(Variable) ?? "";
        string? root = chosen.Length > 0 ? chosen == Off ? null : chosen : UserFolder();
        return root is null ? null : Path.Combine(root, kind);
    }

    private static string? UserFolder()
    {
        string root = Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } cache
            ? cache
            : OperatingSystem.IsWindows()
                ? Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData)
                : Environment.GetEnvironmentVariable("HOME") is { Length: > 0 } home ? Path.Combine(home, ".cache")
                    : "";
        return root.Length == 0 ? null : Path.Combine(root, "percoengine");
    }
}
