using System.IO.Enumeration;

namespace PerCo.Engine.Cli.Files;

/// <summary>
/// Patterns for shells that expand none: <c>*</c> and <c>?</c> within a name, <c>**</c> for any number of folders.
/// Hidden files and folders match only where the pattern's name begins with a dot itself.
/// </summary>
internal static class Glob
{
    public static bool IsPattern(string path) => path.AsSpan().IndexOfAny('*', '?') >= 0;

    /// <summary>The files that match, in ordinal order, with their place below the part without wildcards.</summary>
    public static IEnumerable<InputFile> Find(string pattern)
    {
        string[] names = pattern.Split('/', Path.DirectorySeparatorChar);
        int plain = Array.FindIndex(names, IsPattern);
        string root = string.Join('/', names[..plain]);
        if (plain == 1 && root.Length == 0)
        {
            root = "/";
        }

        return Match(root, "", names.AsMemory(plain));
    }

    private static IEnumerable<InputFile> Match(string root, string relative, ReadOnlyMemory<string> names)
    {
        string folder = Path.Combine(root, relative);
        string name = names.Span[0];
        if (name == "**")
        {
            if (names.Length > 1)
            {
                foreach (InputFile file in Match(root, relative, names[1..]))
                {
                    yield return file;
                }
            }

            foreach (string child in FolderListing.Folders(folder))
            {
                foreach (InputFile file in Match(root, Path.Combine(relative, child), names))
                {
                    yield return file;
                }
            }
        }

        if (names.Length == 1)
        {
            string last = name == "**" ? "*" : name;
            IEnumerable<string> files = FolderListing.Files(folder, hidden: last.StartsWith('.'));
            foreach (string child in files.Where(c => Fits(last, c)))
            {
                string place = Path.Combine(relative, child);
                yield return new InputFile(Path.Combine(root, place), place);
            }
        }
        else if (name != "**")
        {
            // A name without wildcards may be anything that the system resolves, such as "..".
            string[] next = IsPattern(name)
                ? [.. FolderListing.Folders(folder, hidden: name.StartsWith('.')).Where(c => Fits(name, c))]
                : [name];
            foreach (InputFile file in next.SelectMany(c => Match(root, Path.Combine(relative, c), names[1..])))
            {
                yield return file;
            }
        }
    }

    private static bool Fits(string pattern, string name) =>
        FileSystemName.MatchesSimpleExpression(pattern, name, ignoreCase: OperatingSystem.IsWindows());
}
