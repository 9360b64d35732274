namespace PerCo.Engine.Benchmarks;

/// <summary>The nearest folder upwards that holds the solution.</summary>
internal static class RepositoryRoot
{
    /// <summary>Finds it.</summary>
    /// <exception cref="InvalidOperationException">There is none.</exception>
    public static string Find()
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
}
