using PerCo.Engine.IO;

namespace PerCo.Engine.Cli.Files;

/// <summary>Standard input and output as binary files, and files that may be pipes.</summary>
internal static class StandardStreams
{
    /// <summary>What stands for them on the command line.</summary>
    public const string Name = "-";

    /// <summary>Ends waiting for input: a terminal or a pipe may never send any.</summary>
    public static CancellationToken Cancellation { get; set; }

    /// <summary>What messages call an input.</summary>
    public static string InputName(string path) => path == Name ? "standard input" : path;

    /// <summary>Reads a file, or standard input for <c>-</c>, to its end.</summary>
    /// <exception cref="PerCoException">It cannot be read, or is too long.</exception>
    /// <exception cref="OperationCanceledException">The run was cancelled while there was no input.</exception>
    public static byte[] ReadAll(string path, long maxBytes)
    {
        string name = InputName(path);

        // Opening waits for a pipe's writer, and reading for what it writes; neither can be called off.
        return Task.Run(() =>
        {
            try
            {
                using Stream stream = path == Name ? Console.OpenStandardInput() : File.OpenRead(path);
                return BoundedRead.All(
                    stream, maxBytes,
                    () => new PerCoException($"{name}: is longer than the limit of {maxBytes} bytes."));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new PerCoException($"{name}: cannot be read: {FileReason.Of(e, path)}", e);
            }
        }).WaitAsync(Cancellation).GetAwaiter().GetResult();
    }

    /// <summary>Writes all of it at once, so that an earlier failure leaves the other side nothing.</summary>
    /// <exception cref="PerCoException">The disk is full, say. A reader that went away is no error.</exception>
    public static void WriteAll(ReadOnlySpan<byte> bytes)
    {
        using var stream = new OutputStream();
        stream.Write(bytes);
    }
}
