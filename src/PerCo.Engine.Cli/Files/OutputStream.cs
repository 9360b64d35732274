using PerCo.Engine.IO;

namespace PerCo.Engine.Cli.Files;

/// <summary>Standard output, whose failures say so: a full disk, a closed descriptor.</summary>
internal sealed class OutputStream : WriteOnlyStream
{
    private readonly Stream _stream = Console.OpenStandardOutput();

    /// <summary>Writes bytes.</summary>
    /// <exception cref="PerCoException">They cannot be written. A reader that went away is no error.</exception>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        try
        {
            _stream.Write(buffer);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new PerCoException($"standard output: cannot be written: {FileReason.Of(e, "")}", e);
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _stream.Dispose();
        }

        base.Dispose(disposing);
    }
}
