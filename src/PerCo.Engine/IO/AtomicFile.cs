namespace PerCo.Engine.IO;

/// <summary>Writes files that are either complete or not there: a temporary neighbour, flushed, then renamed.</summary>
internal static class AtomicFile
{
    /// <summary>Replaces or creates a file with what <paramref name="write"/> produces.</summary>
    /// <param name="path">
    /// Where the file goes. Devices (/dev/…) and pipes are written directly: nothing may replace them.
    /// </param>
    /// <param name="write">Writes the content. When it throws, nothing is left behind and an older file stays.</param>
    /// <param name="overwrite">Whether an existing file is replaced.</param>
    /// <exception cref="PerCoException">The file cannot be written, or exists and may not be replaced.</exception>
    public static void Write(string path, Action<Stream> write, bool overwrite = true)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        string full = Path.GetFullPath(path);
        try
        {
            using FileStream? direct = OpenDirectly(full);
            if (direct is not null)
            {
                write(direct);
                return;
            }

            WriteAndRename(Target(full), write, overwrite);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new PerCoException($"{path}: cannot be written: {FileReason.Of(e, path)}", e);
        }
    }

    /// <summary>Replaces or creates a file with the bytes given.</summary>
    /// <param name="path">Where the file goes.</param>
    /// <param name="bytes">The whole content.</param>
    /// <param name="overwrite">Whether an existing file is replaced.</param>
    /// <exception cref="PerCoException">The file cannot be written, or exists and may not be replaced.</exception>
    public static void WriteAllBytes(string path, byte[] bytes, bool overwrite = true) =>
        Write(path, stream => stream.Write(bytes), overwrite);

    // The paths of devices stay as they are: what /dev/stdout and /dev/fd/3 lead to may have no name.
    private static FileStream? OpenDirectly(string full)
    {
        string final = IsDevice(full) ? full : Target(full);
        bool isDevice = IsDevice(final);
        if (!isDevice && new FileInfo(full) is not { Exists: true, Length: 0 })
        {
            return null;
        }

        // At the end: a shell's ">>" may have put a file behind a device's name.
        FileStream stream = new(isDevice ? final : full, FileMode.Append, FileAccess.Write, FileShare.ReadWrite);
        if (isDevice || !stream.CanSeek)
        {
            return stream;
        }

        stream.Dispose();
        return null;
    }

    // A link keeps pointing where it did: the file or device behind it is what is written.
    private static string Target(string full) =>
        new FileInfo(full) is { LinkTarget: not null } link
            ? link.ResolveLinkTarget(returnFinalTarget: true)!.FullName : full;

    private static void WriteAndRename(string full, Action<Stream> write, bool overwrite)
    {
        if (Directory.Exists(full))
        {
            throw new IOException("it is a folder; name a file in it");
        }

        // Asked here too, so that a long computation behind `write` does not end in a refusal.
        if (!overwrite && File.Exists(full))
        {
            throw new IOException("it exists already and may not be overwritten");
        }

        string folder = Path.GetDirectoryName(full) ?? throw new IOException("it is the root folder; name a file");
        string temporary = Path.Combine(folder, $".{Path.GetRandomFileName()}.tmp");
        try
        {
            using (FileStream stream = new(temporary, FileMode.CreateNew, FileAccess.Write))
            {
                write(stream);
                stream.Flush(flushToDisk: true);
            }

            File.Move(temporary, full, overwrite);
        }
        catch
        {
            DeleteQuietly(temporary);
            throw;
        }
    }

    // The first error is the one to tell: a disk that is gone fails here again.
    private static void DeleteQuietly(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Nothing is left that could be deleted.
        }
    }

    private static bool IsDevice(string full) => IsDevicePath(full) && File.Exists(full);

    /// <summary>
    /// Whether a full path is that of a device, or of what a shell has opened; the shared memory among them holds plain
    /// files.
    /// </summary>
    internal static bool IsDevicePath(string full) => !OperatingSystem.IsWindows()
        && (full.StartsWith("/dev/", StringComparison.Ordinal)
            || full.StartsWith("/proc/self/fd/", StringComparison.Ordinal))
        && !full.StartsWith("/dev/shm/", StringComparison.Ordinal)
        && !full.StartsWith("/dev/mqueue/", StringComparison.Ordinal);
}
