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

    private static void Append(StringBuilder text, string file, HashSet<string> included)
    {
        if (!included.Add(file))
        {
            return;
        }

        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(Prefix + file)
            ?? throw new ArgumentException($"There is no kernel source '{file}'.", nameof(file));
        using var reader = new StreamReader(stream);
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
}
