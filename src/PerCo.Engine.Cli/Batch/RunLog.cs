using System.Text;
using System.Text.Json.Nodes;
using PerCo.Engine.Cli.Files;
using PerCo.Engine.Cli.Terminal;
using PerCo.Engine.IO;

namespace PerCo.Engine.Cli.Batch;

/// <summary>
/// The log of a run: one JSON object a line and file, handed to the system line by line, so that an interrupted run has
/// logged what it did. Runs append, so that a resumed run goes on in the same file.
/// </summary>
internal sealed class RunLog : IDisposable
{
    // Milliseconds; a line takes far less than one.
    private const int LockTries = 2000;

    private readonly string _path;
    private readonly FileStream _stream;

    private RunLog(string path, FileStream stream)
    {
        _path = path;
        _stream = stream;
    }

    private static ReadOnlySpan<byte> LineStart => """{"status":"""u8;

    /// <summary>
    /// Refuses a log that is an input or an output too: it would be written into it, or replaced by it.
    /// </summary>
    /// <exception cref="UsageException">It is, or has no name.</exception>
    public static void CheckApart(string path, OutputPlan plan)
    {
        if (path == StandardStreams.Name)
        {
            throw new UsageException("--log names a file; --json prints on standard output.");
        }

        string log = OutputFile.RealPath(path);
        foreach (Job job in plan.Jobs)
        {
            if (IsLog(job.Input.Path) || IsLog(job.Output))
            {
                throw new UsageException($"--log {path} is an input or an output too. Name another file.");
            }
        }

        bool IsLog(string file) => file != StandardStreams.Name && OutputFile.RealPath(file) == log;
    }

    /// <summary>Opens a log, new or of an earlier run.</summary>
    /// <exception cref="PerCoException">It cannot be written, or is something other than a log.</exception>
    public static RunLog Open(string path)
    {
        FileStream? stream = null;
        try
        {
            stream = new FileStream(
                path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0);
            if (stream.CanSeek && stream.Length > 0)
            {
                if (!IsLog(stream))
                {
                    throw new PerCoException(
                        $"{path}: exists and is no log of this program's. Name another file with --log.");
                }

                // A line that a power cut left unfinished stays a line of its own.
                stream.Seek(-1, SeekOrigin.End);
                if (stream.ReadByte() != '\n')
                {
                    stream.WriteByte((byte)'\n');
                }
            }

            var log = new RunLog(path, stream);
            stream = null;
            return log;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new PerCoException($"{path}: the log cannot be written: {FileReason.Of(e, path)}", e);
        }
        finally
        {
            stream?.Dispose();
        }
    }

    public void Write(JsonObject entry)
    {
        try
        {
            byte[] line = Encoding.UTF8.GetBytes(JsonText.Line(entry) + "\n");
            if (!_stream.CanSeek)
            {
                _stream.Write(line);
                return;
            }

            // Another run may have written since.
            bool locked = Lock();
            _stream.Seek(0, SeekOrigin.End);
            _stream.Write(line);
            if (locked)
            {
                Unlock();
            }
        }
        catch (IOException e)
        {
            throw new PerCoException($"{_path}: the log cannot be written: {FileReason.Of(e, _path)}", e);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _stream.Dispose();

    // Two runs that share a log take turns; where that cannot be had, they write at the end all the same.
    private bool Lock()
    {
        for (int tries = 0; !OperatingSystem.IsMacOS() && tries < LockTries; tries++)
        {
            try
            {
                _stream.Lock(0, 1);
                return true;
            }
            catch (IOException)
            {
                Thread.Sleep(1);
            }
        }

        return false;
    }

    private void Unlock()
    {
        if (!OperatingSystem.IsMacOS())
        {
            _stream.Unlock(0, 1);
        }
    }

    // By its first line; one that a power cut left unfinished was begun by this program if it begins like its lines.
    private static bool IsLog(FileStream stream)
    {
        var start = new byte[LineStart.Length];
        return stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false) is var read and > 0
            && LineStart.StartsWith(start.AsSpan(0, read));
    }
}
