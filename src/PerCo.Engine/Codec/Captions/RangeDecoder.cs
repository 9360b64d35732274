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

    // The last eight bytes that were read, and where they lie within the interval.
    private ulong _window;
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

    /// <summary>
    /// Checks that the code is the one that an encoder writes, of all that mean the same; zeros behind it mean nothing.
    /// </summary>
    /// <exception cref="PerCoException">Other bytes are left over, or other ones stand at the end.</exception>
    public void CheckEnd()
    {
        ulong low = unchecked(_window - _offset);
        if (_window != RangeEncoder.Shortest(low, _range) || _bytes.AsSpan(_next).ContainsAnyExcept((byte)0))
        {
            throw new PerCoException(
                "The caption's code is over before its last byte, expected nothing behind it: the file is damaged.");
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

    private byte NextByte()
    {
        byte next = _next < _bytes.Length ? _bytes[_next++] : (byte)0;
        _window = (_window << 8) | next;
        return next;
    }
}
