using System.Numerics.Tensors;

namespace PerCo.Engine.Codec.Captions;

/// <summary>Reads what <see cref="RangeEncoder"/> wrote; past the end it reads zeros.</summary>
internal sealed class RangeDecoder : SymbolCoder
{
    private const ulong Smallest = 1UL << 56;

    // Of thousands of frequencies, so many are skipped at a time.
    private const int Stride = 256;

    private readonly byte[] _bytes;
    private int _next;
    private ulong _offset;
    private ulong _range = ulong.MaxValue;

    /// <summary>Starts at the first of <paramref name="bytes"/>.</summary>
    public RangeDecoder(ReadOnlySpan<byte> bytes)
    {
        _bytes = bytes.ToArray();
        for (int i = 0; i < 8; i++)
        {
            _offset = (_offset << 8) | NextByte();
        }
    }

    /// <inheritdoc/>
    public override int Code(int symbol, ReadOnlySpan<uint> frequencies)
    {
        ulong value = Value(TensorPrimitives.Sum(frequencies), out ulong unit);
        ulong below = 0;
        int found = 0;
        while (found + Stride < frequencies.Length
            && below + TensorPrimitives.Sum(frequencies.Slice(found, Stride)) is ulong above && above <= value)
        {
            below = above;
            found += Stride;
        }

        while (value - below >= frequencies[found])
        {
            below += frequencies[found++];
        }

        Narrow(unit, below, frequencies[found]);
        return found;
    }

    /// <inheritdoc/>
    public override int CodeUniform(int symbol, int count)
    {
        ulong value = Value((ulong)count, out ulong unit);
        Narrow(unit, value, 1);
        return (int)value;
    }

    /// <summary>Checks that nothing but zeros, which mean nothing, stands behind what was read.</summary>
    /// <exception cref="PerCoException">Other bytes are left over.</exception>
    public void CheckEnd()
    {
        if (_bytes.AsSpan(_next).ContainsAnyExcept((byte)0))
        {
            throw new PerCoException(
                $"The caption's code ends at byte {_next}, expected nothing behind it, got {_bytes.Length - _next} "
                + "bytes: the file is damaged.");
        }
    }

    private ulong Value(ulong total, out ulong unit)
    {
        unit = _range / total;
        ulong value = _offset / unit;
        return value < total
            ? value
            : throw new PerCoException("The caption's bytes are no caption code: the file is damaged.");
    }

    private void Narrow(ulong unit, ulong below, ulong frequency)
    {
        _offset -= unit * below;
        _range = unit * frequency;
        while (_range < Smallest)
        {
            _offset = (_offset << 8) | NextByte();
            _range <<= 8;
        }
    }

    private byte NextByte() => _next < _bytes.Length ? _bytes[_next++] : (byte)0;
}
