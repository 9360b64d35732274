namespace PerCo.Engine.Codec.PercoSd;

/// <summary>
/// torchac's arithmetic coder (github.com/fab-jul/torchac, torchac_backend.cpp; after M. Nelson, "Data Compression
/// With Arithmetic Coding", 2014): 32-bit interval, 16-bit frequencies, bits from the highest down, the last byte
/// filled with zeros.
/// </summary>
internal static class ArithmeticCoder
{
    private const uint Half = 0x8000_0000;
    private const uint Quarter = 0x4000_0000;

    /// <summary>Codes symbols, each below <paramref name="cdf"/>.Symbols.</summary>
    public static byte[] Encode(ReadOnlySpan<int> symbols, UniformCdf cdf)
    {
        var output = new BitWriter();
        var interval = Interval.Whole;
        long pending = 0;
        foreach (int symbol in symbols)
        {
            interval.Narrow(cdf.Low(symbol), cdf.High(symbol));
            while (true)
            {
                if (interval.High < Half || interval.Low >= Half)
                {
                    output.Write(interval.Low >= Half, ref pending);
                    interval.DropTopBit();
                }
                else if (interval.IsAroundHalf)
                {
                    pending++;
                    interval.DropSecondBit();
                }
                else
                {
                    break;
                }
            }
        }

        // One more bit, and its opposite, name a value inside the interval whatever follows.
        pending++;
        output.Write(interval.Low >= Quarter, ref pending);
        return output.ToArray();
    }

    /// <summary>Fills <paramref name="symbols"/>; bits after the end count as zeros.</summary>
    public static void Decode(ReadOnlySpan<byte> bytes, UniformCdf cdf, Span<int> symbols)
    {
        var input = new BitReader(bytes);
        var interval = Interval.Whole;
        uint value = 0;
        for (int i = 0; i < 32; i++)
        {
            value = (value << 1) | input.Read();
        }

        for (int i = 0; i < symbols.Length; i++)
        {
            // value ≥ low always holds for streams of the encoder; a damaged one wraps, and is noticed by re-encoding.
            ulong offset = (ulong)(value - interval.Low) + 1;
            uint count = (ushort)(((offset << UniformCdf.Precision) - 1) / interval.Span);
            int symbol = cdf.Find(count);
            symbols[i] = symbol;
            interval.Narrow(cdf.Low(symbol), cdf.High(symbol));
            while (true)
            {
                if (interval.High < Half || interval.Low >= Half)
                {
                    interval.DropTopBit();
                }
                else if (interval.IsAroundHalf)
                {
                    interval.DropSecondBit();
                    value -= Quarter;
                }
                else
                {
                    break;
                }

                value = (value << 1) | input.Read();
            }
        }
    }

    private struct Interval
    {
        /// <summary>First value inside.</summary>
        public uint Low;

        /// <summary>Last value inside.</summary>
        public uint High;

        public static Interval Whole => new() { Low = 0, High = uint.MaxValue };

        public readonly ulong Span => (ulong)High - Low + 1;

        public readonly bool IsAroundHalf => Low >= Quarter && High < Half + Quarter;

        public void Narrow(uint low, uint high)
        {
            ulong span = Span;
            High = Low + (uint)((span * high) >> UniformCdf.Precision) - 1;
            Low += (uint)((span * low) >> UniformCdf.Precision);
        }

        public void DropTopBit()
        {
            Low <<= 1;
            High = (High << 1) | 1;
        }

        public void DropSecondBit()
        {
            Low = (Low << 1) & ~Half;
            High = (High << 1) | Half | 1;
        }
    }

    private sealed class BitWriter
    {
        private readonly List<byte> _bytes = [];
        private int _bits;
        private int _count;

        /// <summary>Writes a bit, and then its opposite as often as bits were pending.</summary>
        public void Write(bool bit, ref long pending)
        {
            Write(bit);
            for (; pending > 0; pending--)
            {
                Write(!bit);
            }
        }

        public byte[] ToArray()
        {
            while (_count > 0)
            {
                Write(false);
            }

            return [.. _bytes];
        }

        private void Write(bool bit)
        {
            _bits = (_bits << 1) | (bit ? 1 : 0);
            if (++_count == 8)
            {
                _bytes.Add((byte)_bits);
                _bits = 0;
                _count = 0;
            }
        }
    }

    private ref struct BitReader(ReadOnlySpan<byte> bytes)
    {
        private readonly ReadOnlySpan<byte> _bytes = bytes;
        private long _position;

        public uint Read()
        {
            long index = _position >> 3;
            int shift = 7 - (int)(_position++ & 7);
            return index < _bytes.Length ? (uint)(_bytes[(int)index] >> shift) & 1 : 0;
        }
    }
}
