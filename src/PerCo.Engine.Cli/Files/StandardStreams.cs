namespace PerCo.Engine.Cli.Files;

/// <summary>Standard input and output as binary files.</summary>
internal static class StandardStreams
{
    /// <summary>What stands for them on the command line.</summary>
    public const string Name = "-";

    /// <summary>Reads standard input to its end.</summary>
    /// <exception cref="PerCoException">It cannot be read, or is longer than a picture or file can be.</exception>
    public static byte[] ReadAll(long maxBytes)
    {
        using Stream stream = Console.OpenStandardInput();
        return Read("standard input", stream, maxBytes);
    }

    /// <summary>Reads a file, or standard input for <c>-</c>.</summary>
    /// <exception cref="PerCoException">It cannot be read, or is too long.</exception>
    public static byte[] ReadAll(string path, long maxBytes)
    {
        if (path == Name)
        {
            return ReadAll(maxBytes);
        }

        try
        {
            using FileStream stream = File.OpenRead(path);
            return Read(path, stream, maxBytes);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new PerCoException($"{path}: cannot be read: {e.Message}", e);
        }
    }

    /// <summary>Writes all of it at once, so that an earlier failure leaves the other side nothing.</summary>
    /// <exception cref="PerCoException">The disk is full, say. A reader that went away is no error.</exception>
    public static void WriteAll(ReadOnlySpan<byte> bytes)
    {
        try
        {
            using Stream stream = Console.OpenStandardOutput();
            stream.Write(bytes);
            stream.Flush();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new PerCoException($"standard output: cannot be written: {e.Message}", e);
        }
    }

    private static byte[] Read(string name, Stream stream, long maxBytes)
    {
        try
        {
            using var copy = new MemoryStream();
            var buffer = new byte[64 * 1024];
            for (int read = stream.Read(buffer); read > 0; read = stream.Read(buffer))
            {
                if (copy.Length + read > Math.Min(maxBytes, Array.MaxLength))
                {
                    throw new PerCoException($"{name}: is longer than the limit of {maxBytes} bytes.");
                }

                copy.Write(buffer, 0, read);
            }

            return copy.ToArray();
        }
        catch (IOException e)
        {
            throw new PerCoException($"{name}: cannot be read: {e.Message}", e);
        }
    }
}
