using System.Text.RegularExpressions;

namespace PerCo.Engine.Tests.Repository;

/// <summary>The repository's source files, without generated and built ones.</summary>
internal static partial class SourceFiles
{
    private static readonly string[] Folders =
        ["src", "tests", "benchmarks", "tools", "kernels", "weights-converter", "training"];

    /// <summary>Paths from the root, with forward slashes.</summary>
    public static IEnumerable<string> All(params string[] extensions) => Folders
        .Select(folder => Path.Combine(TestPaths.Root, folder))
        .Where(Directory.Exists)
        .SelectMany(folder => Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
        .Select(path => Path.GetRelativePath(TestPaths.Root, path).Replace('\\', '/'))
        .Where(path => extensions.Contains(Path.GetExtension(path)) && !Built().IsMatch(path)
            && !path.EndsWith(".g.cs", StringComparison.Ordinal))
        .Order(StringComparer.Ordinal);

    public static string[] Lines(string path) => File.ReadAllLines(Path.Combine(TestPaths.Root, path));

    [GeneratedRegex("/(bin|obj)/")]
    private static partial Regex Built();
}
