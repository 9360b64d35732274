namespace PerCo.Engine.Tests;

/// <summary>
/// Where tests find their files: the repository's own, and the larger shared set where it is present.
/// </summary>
internal static class TestPaths
{
    /// <summary>The repository's root: the nearest folder upwards that holds the solution.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>The folder of large shared material beside the repository, or null where there is none.</summary>
    public static string? Shared { get; } = FindShared();

    /// <summary>The small default model.</summary>
    public static string DefaultModel => Path.Combine(Root, "models", "perco-mini");

    /// <summary>A path below tests/goldens.</summary>
    public static string Goldens(string relative) => Path.Combine(Root, "tests", "goldens", relative);

    private static string FindRoot()
    {
        for (DirectoryInfo? d = new(AppContext.BaseDirectory); d is not null; d = d.Parent)
        {
            if (File.Exists(Path.Combine(d.FullName, "PerCo.Engine.sln")))
            {
                return d.FullName;
            }
        }

        throw new InvalidOperationException($"No PerCo.Engine.sln above {AppContext.BaseDirectory}.");
    }

    private static string? FindShared()
    {
        // A git worktree lies one level deeper than a clone, so look beside both.
        for (DirectoryInfo? d = Directory.GetParent(FindRoot()); d is not null; d = d.Parent)
        {
            string candidate = Path.Combine(d.FullName, "shared");
            if (File.Exists(Path.Combine(candidate, "goldens", "cases.json")))
            {
                return candidate;
            }
        }

        return null;
    }
}
