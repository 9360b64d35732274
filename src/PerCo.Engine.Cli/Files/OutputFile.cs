using PerCo.Engine.IO;

namespace PerCo.Engine.Cli.Files;

/// <summary>Checks on output paths before any work is done, and writing.</summary>
internal static class OutputFile
{
    // Folders in which a file could be made.
    private static readonly HashSet<string> Writable = new(StringComparer.Ordinal);

    /// <summary>Whether something is there that a new file would replace.</summary>
    public static bool IsTaken(string output) =>
        output != StandardStreams.Name && File.Exists(output) && !IsDevice(output);

    /// <summary>Refuses outputs that could never be written: a folder, the input itself, below a file.</summary>
    /// <param name="job">Input and output.</param>
    /// <exception cref="PerCoException">The output is refused.</exception>
    public static void Check(Job job)
    {
        string output = job.Output;
        if (output == StandardStreams.Name)
        {
            return;
        }

        if (Directory.Exists(output))
        {
            throw new PerCoException($"{output}: is a folder, expected a file name to write to.");
        }

        if (!job.Input.IsStandardInput && RealPath(output) == RealPath(job.Input.Path))
        {
            throw new PerCoException($"{output}: is the input itself. Name another output file.");
        }

        string folder = Path.GetDirectoryName(Path.GetFullPath(output)) ?? "/";
        if (Directory.Exists(folder))
        {
            if (!IsDevice(output))
            {
                RequireWritable(output, folder);
            }

            return;
        }

        for (string? parent = folder; parent is not null && !Directory.Exists(parent);
            parent = Path.GetDirectoryName(parent))
        {
            if (File.Exists(parent))
            {
                throw new PerCoException($"{output}: {parent} is a file, expected a folder.");
            }
        }

        if (!job.MakesFolders)
        {
            throw new PerCoException($"{output}: the folder {folder} does not exist. Make it first.");
        }
    }

    /// <summary>As <see cref="Check"/>; refuses also what exists, unless it may be replaced.</summary>
    /// <exception cref="PerCoException">The output is refused.</exception>
    public static void CheckFree(Job job, bool force)
    {
        Check(job);
        if (!force && IsTaken(job.Output))
        {
            throw new PerCoException(
                $"{job.Output}: exists already. Name another folder with -o, or replace it with --force.");
        }
    }

    /// <summary>Writes a file, whole or not at all.</summary>
    /// <exception cref="PerCoException">It exists, or cannot be written.</exception>
    public static void Write(Job job, byte[] bytes, bool force)
    {
        if (job.Output == StandardStreams.Name)
        {
            StandardStreams.WriteAll(bytes);
            return;
        }

        if (job.MakesFolders)
        {
            string folder = Path.GetDirectoryName(Path.GetFullPath(job.Output))!;
            try
            {
                Directory.CreateDirectory(folder);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new PerCoException($"{folder}: cannot be made: {FileReason.Of(e, folder)}", e);
            }
        }

        AtomicFile.WriteAllBytes(job.Output, bytes, force);
    }

    /// <summary>Where a path leads to, links of its folders followed.</summary>
    public static string RealPath(string path)
    {
        string full = Path.GetFullPath(path);
        if (Path.GetDirectoryName(full) is not { } folder)
        {
            return full;
        }

        string real = Path.Combine(RealPath(folder), Path.GetFileName(full));
        try
        {
            return new FileInfo(real).LinkTarget is not null
                && File.ResolveLinkTarget(real, returnFinalTarget: true) is { } target
                ? RealPath(target.FullName) : real;
        }
        catch (IOException)
        {
            return real; // A link in a circle leads nowhere.
        }
    }

    // Asked of the system by making a file: minutes of work must not end in a refusal.
    private static void RequireWritable(string output, string folder)
    {
        if (Writable.Contains(folder))
        {
            return;
        }

        try
        {
            string probe = Path.Combine(folder, $".{Path.GetRandomFileName()}.tmp");
            new FileStream(probe, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose)
                .Dispose();
            Writable.Add(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new PerCoException($"{output}: cannot be written: {FileReason.Of(e, folder)}", e);
        }
    }

    private static bool IsDevice(string output) => AtomicFile.IsDevicePath(Path.GetFullPath(output));
}
