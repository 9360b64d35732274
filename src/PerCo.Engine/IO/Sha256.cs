using System.Buffers.Binary;
using System.Numerics;

namespace PerCo.Engine.IO;

/// <summary>
/// SHA-256 (FIPS 180-4). The runtime's own ends the process on a Linux system without OpenSSL, and a picture must not
/// need that.
/// </summary>
internal static class Sha256
{
    /// <summary>Bytes of a hash.</summary>
    public const int HashSizeInBytes = 32;

    private const int BlockBytes = 64;
    private const int Rounds = 64;

    // The first 32 bits of the fractions of the square roots of the first 8 primes, and of the cube roots of the first
    // 64 (sections 5.3.3 and 4.2.2).
    private static readonly uint[] Start = [.. Primes(8).Select(prime => Fraction(prime, 2))];
    private static readonly uint[] Constants = [.. Primes(Rounds).Select(prime => Fraction(prime, 3))];

    /// <summary>The hash of some bytes.</summary>
    public static byte[] HashData(ReadOnlySpan<byte> bytes)
    {
        uint[] state = [.. Start];
        int whole = bytes.Length / BlockBytes * BlockBytes;
        for (int at = 0; at < whole; at += BlockBytes)
        {
            Add(state, bytes.Slice(at, BlockBytes));
        }

        // What is left, a one bit, zeros, and the length in bits at the end of a block (section 5.1.1).
        Span<byte> end = stackalloc byte[2 * BlockBytes];
        ReadOnlySpan<byte> left = bytes[whole..];
        end = end[..(left.Length + 1 + sizeof(ulong) <= BlockBytes ? BlockBytes : 2 * BlockBytes)];
        end.Clear();
        left.CopyTo(end);
        end[left.Length] = 0x80;
        BinaryPrimitives.WriteUInt64BigEndian(end[^sizeof(ulong)..], (ulong)bytes.Length * 8);
        for (int at = 0; at < end.Length; at += BlockBytes)
        {
            Add(state, end.Slice(at, BlockBytes));
        }

        var hash = new byte[HashSizeInBytes];
        for (int i = 0; i < state.Length; i++)
        {
            BinaryPrimitives.WriteUInt32BigEndian(hash.AsSpan(i * sizeof(uint)), state[i]);
        }

        return hash;
    }

    // Section 6.2.2.
    private static void Add(uint[] state, ReadOnlySpan<byte> block)
    {
        Span<uint> w = stackalloc uint[Rounds];
        for (int t = 0; t < 16; t++)
        {
            w[t] = BinaryPrimitives.ReadUInt32BigEndian(block[(t * sizeof(uint))..]);
        }

        for (int t = 16; t < Rounds; t++)
        {
            uint s0 = Rotated(w[t - 15], 7) ^ Rotated(w[t - 15], 18) ^ (w[t - 15] >> 3);
            uint s1 = Rotated(w[t - 2], 17) ^ Rotated(w[t - 2], 19) ^ (w[t - 2] >> 10);
            w[t] = w[t - 16] + s0 + w[t - 7] + s1;
        }

        (uint a, uint b, uint c, uint d) = (state[0], state[1], state[2], state[3]);
        (uint e, uint f, uint g, uint h) = (state[4], state[5], state[6], state[7]);
        for (int t = 0; t < Rounds; t++)
        {
            uint choice = (e & f) ^ (~e & g), majority = (a & b) ^ (a & c) ^ (b & c);
            uint t1 = h + (Rotated(e, 6) ^ Rotated(e, 11) ^ Rotated(e, 25)) + choice + Constants[t] + w[t];
            uint t2 = (Rotated(a, 2) ^ Rotated(a, 13) ^ Rotated(a, 22)) + majority;
            (h, g, f, e, d, c, b, a) = (g, f, e, d + t1, c, b, a, t1 + t2);
        }

        ReadOnlySpan<uint> sums = [a, b, c, d, e, f, g, h];
        for (int i = 0; i < sums.Length; i++)
        {
            state[i] += sums[i];
        }
    }

    private static uint Rotated(uint value, int bits) => BitOperations.RotateRight(value, bits);

    private static IEnumerable<int> Primes(int count) => Enumerable.Range(2, 400)
        .Where(n => Enumerable.Range(2, n - 2).All(divisor => n % divisor != 0)).Take(count);

    // Of the root, by the largest r with r^degree <= prime * 2^(32 degree): no floating point, the same on any machine.
    private static uint Fraction(int prime, int degree)
    {
        UInt128 shifted = (UInt128)prime << (32 * degree);
        ulong root = 0;
        for (int bit = 36; bit >= 0; bit--)
        {
            ulong larger = root + (1UL << bit);
            UInt128 power = (UInt128)larger * larger * (degree == 3 ? larger : 1);
            root = power <= shifted ? larger : root;
        }

        return (uint)root;
    }
}
