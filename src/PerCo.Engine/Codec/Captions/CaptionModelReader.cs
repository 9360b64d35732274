namespace PerCo.Engine.Codec.Captions;

/// <summary>Steps through the model's bytes: variable-length counts and length-prefixed blocks.</summary>
internal ref struct CaptionModelReader
{
    private readonly ReadOnlySpan<byte> _bytes;
    private int _at;

    /// <summary>Starts at the first byte.</summary>
    public CaptionModelReader(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>A count: seven bits a byte, the lowest first, the top bit set on all but the last.</summary>
    public int ReadCount()
    {
        int value = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte b = _bytes[_at++];
            value |= (b & 127) << shift;
            if (b < 128)
            {
                return value;
            }
        }
    }

    /// <summary>Bytes without a prefix.</summary>
    public ReadOnlySpan<byte> Read(int length)
    {
        ReadOnlySpan<byte> read = _bytes.Slice(_at, length);
        _at += length;
        return read;
    }

    /// <summary>A block: its length as a count, then its bytes.</summary>
    public CaptionModelReader ReadBlock() => new(Read(ReadCount()));

    /// <summary>All bytes that are left.</summary>
    public byte[] ReadRest() => Read(_bytes.Length - _at).ToArray();
}
