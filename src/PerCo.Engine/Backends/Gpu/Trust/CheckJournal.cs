using System.Diagnostics;
using System.Globalization;

namespace PerCo.Engine.Backends.Gpu.Trust;

/// <summary>
/// Which kernel is being checked, in a file: one that hangs the device takes its process along, and the next start must
/// not run into it again. Processes that check the same device at the same time have files of their own.
/// </summary>
/// <remarks>
/// A process may also have been stopped by its user, so a kernel is distrusted when its check has not come to an end
/// twice; once is enough where the device itself no longer answered.
/// </remarks>
/// <param name="prefix">Path of the files without their ending; null to keep none.</param>
internal sealed class CheckJournal(string? prefix)
{
    private const string Ending = ".checking";
    private const string Certain = "0";
    private const int Believed = 2;

    private readonly string? _own = prefix is null ? null : $"{prefix}.{Guid.NewGuid():n}{Ending}";
    private readonly Lazy<(string File, string Kernel, bool IsCertain)[]> _unfinished = new(() => Unfinished(prefix));

    /// <summary>Whether a kernel's earlier checks give reason not to run it.</summary>
    public bool Distrusts(string kernel) =>
        _unfinished.Value.Where(entry => entry.Kernel == kernel).Sum(entry => entry.IsCertain ? Believed : 1)
            >= Believed;

    /// <summary>A kernel's check begins.</summary>
    public void Begin(string kernel) =>
        Write(Environment.ProcessId.ToString(CultureInfo.InvariantCulture), kernel);

    /// <summary>The check has come to an end, whatever it gave.</summary>
    public void End() => Delete(_own);

    /// <summary>The device no longer answers since a kernel was run.</summary>
    public void Accuse(string kernel) => Write(Certain, kernel);

    /// <summary>Forgets everything: the verdicts are kept elsewhere.</summary>
    public void Clear()
    {
        End();
        foreach ((string file, _, _) in _unfinished.Value)
        {
            Delete(file);
        }
    }

    private static (string File, string Kernel, bool IsCertain)[] Unfinished(string? prefix)
    {
        string? folder = Path.GetDirectoryName(prefix);
        if (prefix is null || !Directory.Exists(folder))
        {
            return [];
        }

        var entries = new List<(string, string, bool)>();
        foreach (string file in Directory.EnumerateFiles(folder, Path.GetFileName(prefix) + ".*" + Ending))
        {
            try
            {
                if (File.ReadAllText(file).Split(' ') is [string process, string kernel] && !IsRunning(process))
                {
                    entries.Add((file, kernel, process == Certain));
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Another process has just ended its check.
            }
        }

        return [.. entries];
    }

    private static bool IsRunning(string process)
    {
        if (process == Certain || !int.TryParse(process, CultureInfo.InvariantCulture, out int id)
            || id == Environment.ProcessId)
        {
            return false;
        }

        try
        {
            using Process other = Process.GetProcessById(id);
            return !other.HasExited;
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException)
        {
            return false;
        }
    }

    private void Write(string process, string kernel)
    {
        if (_own is null)
        {
            return;
        }

        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_own)!);
            File.WriteAllText(_own, $"{process} {kernel}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Without a file, a kernel that hangs will hang again.
        }
    }

    private static void Delete(string? file)
    {
        try
        {
            if (file is not null)
            {
                File.Delete(file);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It counts as unfinished once, which is not enough to distrust a kernel.
        }
    }
}
