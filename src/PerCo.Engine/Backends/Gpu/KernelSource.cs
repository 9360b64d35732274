using System.Reflection;
using System.Text;

namespace PerCo.Engine.Backends.Gpu;

/// <summary>The kernels' sources, which the library carries as resources.</summary>
internal static class KernelSource
{
    private const string IncludeStart = "#include \"";
    private const string Prefix = "PerCo.Engine.kernels.";

    /// <summary>Whether there is a file.</summary>
    public static bool Exists(string file) =>
        Assembly.GetExecutingAssembly().GetManifestResourceInfo(Prefix + file) is not null;

    /// <summary>A file with its includes put in place: drivers get one string.</summary>
    /// <exception cref="ArgumentException">There is no such file.</exception>
    public static string Load(string file)
    {
        var text = new StringBuilder();
        Append(text, file, []);
        return text.ToString();
    }

    /// <summary>The first sentence of a file's first comment, without what stands before its colon.</summary>
    /// <exception cref="ArgumentException">There is no such file.</exception>
    public static string Title(string file)
    {
        using StreamReader reader = Open(file);
        string line = reader.ReadLine() ?? "";
        int start = line.IndexOf(": ", StringComparison.Ordinal) + 2;
        int end = line.IndexOf(". ", start, StringComparison.Ordinal);
        return line[start..(end < 0 ? line.Length : end)].TrimEnd('.');
    }

    private static void Append(StringBuilder text, string file, HashSet<string> included)
    {
        if (!included.Add(file))
        {
            return;
        }

        using StreamReader reader = Open(file);
        while (reader.ReadLine() is { } line)
        {
            if (line.StartsWith(IncludeStart, StringComparison.Ordinal))
            {
                Append(text, line[IncludeStart.Length..line.IndexOf('"', IncludeStart.Length)], included);
            }
            else
            {
                text.Append(line).Append('\n');
            }
        }
    }

    private static StreamReader Open(string file) => new(
        Assembly.GetExecutingAssembly().GetManifestResourceStream(Prefix + file)
        ?? throw new ArgumentException($"There is no kernel source '{file}'.", nameof(file)));
}
