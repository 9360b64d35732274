namespace PerCo.Engine.Imaging.Formats.Png;

/// <summary>
/// The data of all IDAT chunks, that notes when more is asked for than there is: the inflater takes the end of its
/// input for the end of the data, even where the checksum is still missing.
/// </summary>
internal sealed class PngData(byte[] data) : MemoryStream(data, writable: false)
{
    /// <summary>Whether a read came after the last byte was given out.</summary>
    public bool IsExhausted { get; private set; }

    /// <inheritdoc/>
    public override int Read(Span<byte> buffer) => Note(base.Read(buffer));

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => Note(base.Read(buffer, offset, count));

    private int Note(int read)
    {
        IsExhausted |= read == 0;
        return read;
    }
}
