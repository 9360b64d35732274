using System.Buffers.Binary;
using PerCo.Engine.IO;

namespace PerCo.Engine.Imaging.Formats.Png;

/// <summary>A stream that cuts what is written to it into IDAT chunks.</summary>
internal sealed class PngChunkWriter(Stream output) : Stream
{
    private readonly byte[] _buffer = new byte[1 << 16];
    private int _length;

    /// <inheritdoc/>
    public override bool CanRead => false;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

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
    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    /// <summary>Does nothing: chunks are written when full, and when the stream is disposed of.</summary>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

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
