using System.Globalization;

namespace PerCo.Engine.Peers.Measuring;

/// <summary>What a process has taken of the memory.</summary>
internal static class ProcessMemory
{
    /// <summary>Most bytes that this process had in memory so far; 0 where the system does not tell.</summary>
    public static long Peak()
    {
        const string status = "/proc/self/status", field = "VmHWM:";
        string? line = File.Exists(status)
            ? File.ReadLines(status).FirstOrDefault(l => l.StartsWith(field, StringComparison.Ordinal))
            : null;
        return line is null ? 0
            : 1024 * long.Parse(line[field.Length..].Replace("kB", "").Trim(), CultureInfo.InvariantCulture);
    }
}
