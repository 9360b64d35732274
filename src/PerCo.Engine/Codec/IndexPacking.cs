using System.Numerics;

namespace PerCo.Engine.Codec;

/// <summary>
/// Codes as log2(entries) bits each, without waste: powers of two take their bits one after the other; other codebooks
/// are written as base-<c>entries</c> numbers of <see cref="BlockSymbols"/> digits, each in the fewest bits that hold
/// the largest such number. Most significant digit and bit first, zero bits up to the next byte at the end.
/// </summary>
/// <remarks>The mean cost over log2(entries) is below 1/512 bit a code, plus at most 7 bits at the end.</remarks>
internal static class IndexPacking
{
    /// <summary>Digits of one number; 512 keeps the arithmetic linear in the picture's size.</summary>
    public const int BlockSymbols = 512;

    /// <summary>Bytes that <paramref name="count"/> codes take.</summary>
    public static long ByteCount(long count, int entries)
    {
        (long blocks, long rest) = Math.DivRem(count, BlockSymbols);
        long bits = BitOperations.IsPow2(entries)
            ? checked(count * BitOperations.Log2((uint)entries))
            : checked(blocks * BlockBits(BlockSymbols, entries) + BlockBits((int)rest, entries));
        return (bits + 7) / 8;
    }

    /// <summary>Packs codes.</summary>
    /// <exception cref="ArgumentException">A code is negative or not below <paramref name="entries"/>.</exception>
    public static byte[] Pack(ReadOnlySpan<int> indices, int entries)
    {
        var bits = new BitWriter(checked((int)ByteCount(indices.Length, entries)));
        for (int i = 0; i < indices.Length; i++)
        {
            if ((uint)indices[i] >= (uint)entries)
            {
                throw new ArgumentException($"Code {i} is {indices[i]}, expected 0 to {entries - 1}.");
            }
        }

        if (BitOperations.IsPow2(entries))
        {
            int width = BitOperations.Log2((uint)entries);
            foreach (int index in indices)
            {
                bits.Write((uint)index, width);
            }

            return bits.Bytes;
        }

        for (int start = 0; start < indices.Length; start += BlockSymbols)
        {
            ReadOnlySpan<int> block = indices[start..Math.Min(start + BlockSymbols, indices.Length)];
            BigInteger number = 0;
            foreach (int index in block)
            {
                number = number * entries + index;
            }

            int width = BlockBits(block.Length, entries);
            byte[] digits = number.ToByteArray(isUnsigned: true, isBigEndian: false);
            for (int bit = width - 1; bit >= 0; bit--)
            {
                int at = bit >> 3;
                bits.Write(at < digits.Length ? (uint)(digits[at] >> (bit & 7)) & 1 : 0, 1);
            }
        }

        return bits.Bytes;
    }

    /// <summary>Unpacks codes; <paramref name="packed"/> has exactly <see cref="ByteCount"/> bytes.</summary>
    /// <exception cref="PerCoException">Bits that no codes produce.</exception>
    public static void Unpack(ReadOnlySpan<byte> packed, int entries, Span<int> indices)
    {
        var bits = new BitReader(packed);
        if (BitOperations.IsPow2(entries))
        {
            int width = BitOperations.Log2((uint)entries);
            for (int i = 0; i < indices.Length; i++)
            {
                indices[i] = (int)bits.Read(width);
            }
        }
        else
        {
            for (int start = 0; start < indices.Length; start += BlockSymbols)
            {
                UnpackBlock(ref bits, entries, indices[start..Math.Min(start + BlockSymbols, indices.Length)]);
            }
        }

        if (!bits.RestIsZero())
        {
            throw new PerCoException("Codes: the bits after the last code are not zero; the file is damaged.");
        }
    }

    private static void UnpackBlock(ref BitReader bits, int entries, Span<int> block)
    {
        int width = BlockBits(block.Length, entries);
        var digits = new byte[(width + 7) / 8];
        for (int bit = width - 1; bit >= 0; bit--)
        {
            digits[bit >> 3] |= (byte)(bits.Read(1) << (bit & 7));
        }

        var number = new BigInteger(digits, isUnsigned: true, isBigEndian: false);
        for (int i = block.Length - 1; i >= 0; i--)
        {
            number = BigInteger.DivRem(number, entries, out BigInteger digit);
            block[i] = (int)digit;
        }

        if (!number.IsZero)
        {
            throw new PerCoException($"Codes: a block exceeds {entries} to the {block.Length}; the file is damaged.");
        }
    }

    private static int BlockBits(int symbols, int entries) =>
        symbols == 0 ? 0 : checked((int)(BigInteger.Pow(entries, symbols) - 1).GetBitLength());

    private ref struct BitWriter(int bytes)
    {
        private int _position;

        public byte[] Bytes { get; } = new byte[bytes];

        public void Write(uint value, int width)
        {
            for (int bit = width - 1; bit >= 0; bit--, _position++)
            {
                Bytes[_position >> 3] |= (byte)(((value >> bit) & 1) << (7 - (_position & 7)));
            }
        }
    }

    private ref struct BitReader(ReadOnlySpan<byte> bytes)
    {
        private readonly ReadOnlySpan<byte> _bytes = bytes;
        private int _position;

        public uint Read(int width)
        {
            uint value = 0;
            for (int i = 0; i < width; i++, _position++)
            {
                value = value << 1 | (uint)(_bytes[_position >> 3] >> (7 - (_position & 7))) & 1;
            }

            return value;
        }

        public readonly bool RestIsZero()
        {
            int at = _position >> 3, used = _position & 7;
            return used == 0
                ? at == _bytes.Length
                : at == _bytes.Length - 1 && (_bytes[at] & (0xFF >> used)) == 0;
        }
    }
}
