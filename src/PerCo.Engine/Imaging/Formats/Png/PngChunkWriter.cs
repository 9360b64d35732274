using System.Buffers.Binary;
using PerCo.Engine.IO;

namespace PerCo.Engine.Imaging.Formats.Png;

/// <summary>A stream that cuts what is written to it into IDAT chunks.</summary>
internal sealed class PngChunkWriter(Stream output) : WriteOnlyStream
{
    private readonly byte[] _buffer = new byte[1 << 16];
    private int _length;

    /// <summary>Writes one chunk.</summary>
    /// <param name="output">Where it goes.</param>
    /// <param name="type">Four letters.</param>
    /// <param name="data">The chunk's data.</param>
    public static void Write(Stream output, ReadOnlySpan<byte> type, ReadOnlySpan<byte> data)
    {
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, data.Length);
        output.Write(number);
        output.Write(type);
        output.Write(data);
        BinaryPrimitives.WriteUInt32BigEndian(number, Crc32.Append(Crc32.Compute(type), data));
        output.Write(number);
    }

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            int taken = Math.Min(buffer.Length, _buffer.Length - _length);
            buffer[..taken].CopyTo(_buffer.AsSpan(_length));
            _length += taken;
            buffer = buffer[taken..];
            if (_length == _buffer.Length)
            {
                WriteChunk();
            }
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing && _length > 0)
        {
            WriteChunk();
        }

        base.Dispose(disposing);
    }

    private void WriteChunk()
    {
        Write(output, "IDAT"u8, _buffer.AsSpan(0, _length));
        _length = 0;
    }
}
