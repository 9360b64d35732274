using System.Runtime.InteropServices;

namespace PerCo.Engine.Peers.Comparing;

/// <summary>A CSV file of measurements; lines that begin with # say what they were taken on.</summary>
internal static class MeasurementFile
{
    /// <summary>Adds measurements, and the file where there is none.</summary>
    public static void Append(string path, IReadOnlyList<Measurement> measurements)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        Directory.CreateDirectory(folder);
        var lines = new List<string>();
        if (!File.Exists(path))
        {
            lines.AddRange(["# " + Machine(), Measurement.Header]);
        }

        lines.AddRange(measurements.Select(m => m.ToString()));
        File.AppendAllLines(path, lines);
    }

    /// <summary>All measurements of a file.</summary>
    public static IEnumerable<Measurement> Read(string path) => File.ReadLines(path)
        .Where(line => line.Length > 0 && line[0] != '#' && line != Measurement.Header)
        .Select(Measurement.Parse);

    /// <summary>A row's newest run in a file, and the number of its next round.</summary>
    /// <exception cref="FormatException">The row is not in the file.</exception>
    public static (string Run, int NextRound) Newest(string path, string row)
    {
        Measurement[] turns = File.Exists(path) ? [.. Read(path).Where(m => m.Row == row && m.Calls > 0)] : [];
        return turns.Length > 0
            ? (turns[^1].Run, turns[^1].Round + 1)
            : throw new FormatException($"{path}: has no run of '{row}' to continue.");
    }

    /// <summary>What the file was measured on.</summary>
    public static string ReadMachine(string path) => File.ReadLines(path).First().TrimStart('#', ' ');

    private static string Machine()
    {
        const string cpuInfo = "/proc/cpuinfo";
        string model = File.Exists(cpuInfo)
            ? File.ReadLines(cpuInfo).FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal))?
                .Split(':')[1].Trim() ?? ""
            : "";
        long memory = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes >> 30;
        return $"{model} ({RuntimeInformation.ProcessArchitecture}), {Environment.ProcessorCount} processors, "
            + $"{memory} GiB, {RuntimeInformation.OSDescription}, {RuntimeInformation.FrameworkDescription}";
    }
}
