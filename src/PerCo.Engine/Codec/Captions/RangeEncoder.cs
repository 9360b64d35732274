using System.Numerics.Tensors;

namespace PerCo.Engine.Codec.Captions;

/// <summary>
/// A range coder (Martin, 1979) with a 64-bit interval and carry propagation. The end costs nothing: the number in
/// the last interval with the fewest bytes is written, and a reader takes zeros for what follows.
/// </summary>
internal sealed class RangeEncoder : SymbolCoder
{
    private const ulong Smallest = 1UL << 56;

    private readonly List<byte> _bytes = [];
    private ulong _low;
    private ulong _range = ulong.MaxValue;

    /// <inheritdoc/>
    public override int Code(int symbol, ReadOnlySpan<uint> frequencies)
    {
        uint below = TensorPrimitives.Sum(frequencies[..symbol]);
        Narrow(below, frequencies[symbol], below + TensorPrimitives.Sum(frequencies[symbol..]));
        return symbol;
    }

    /// <inheritdoc/>
    public override int CodeUniform(int symbol, int count)
    {
        Narrow((ulong)symbol, 1, (ulong)count);
        return symbol;
    }

    /// <summary>Ends the code and returns its bytes, less zeros at the end.</summary>
    public byte[] Finish()
    {
        ulong value = Shortest(_low, _range);
        if (value < _low)
        {
            Carry();
        }

        for (int shift = 56; shift >= 0; shift -= 8)
        {
            _bytes.Add((byte)(value >> shift));
        }

        int length = _bytes.Count;
        while (length > 0 && _bytes[length - 1] == 0)
        {
            length--;
        }

        return [.. _bytes[..length]];
    }

    /// <summary>The number in an interval that ends in the most zero bytes; 2^64 wraps to 0, with a carry.</summary>
    /// <param name="low">The interval's start.</param>
    /// <param name="range">Its length, at least 1.</param>
    public static ulong Shortest(ulong low, ulong range)
    {
        for (int zeros = 64; zeros > 0; zeros -= 8)
        {
            // The next multiple of 2^zeros at or above the start.
            ulong mask = zeros == 64 ? ulong.MaxValue : (1UL << zeros) - 1;
            ulong value = unchecked(low + mask) & ~mask;
            if (unchecked(value - low) < range)
            {
                return value;
            }
        }

        return low;
    }

    private void Narrow(ulong below, ulong frequency, ulong total)
    {
        ulong unit = _range / total;
        ulong low = unchecked(_low + (unit * below));
        if (low < _low)
        {
            Carry();
        }

        _low = low;
        _range = unit * frequency;
        while (_range < Smallest)
        {
            _bytes.Add((byte)(_low >> 56));
            _low <<= 8;
            _range <<= 8;
        }
    }

    private void Carry()
    {
        int i = _bytes.Count - 1;
        while (_bytes[i] == 0xFF)
        {
            _bytes[i--] = 0;
        }

        _bytes[i]++;
    }
}
