using System.Buffers.Binary;
using PerCo.Engine.IO;

namespace PerCo.Engine.Tests.Hostile;

/// <summary>
/// Changes files at random, but the same way every time: bits, bytes, cuts, repeats, and words that mean something.
/// </summary>
internal sealed class Mutator(int seed, params byte[][] words)
{
    private readonly Random _random = new(seed);

    /// <summary>A changed copy; half of them with their checksums made right again.</summary>
    /// <param name="original">A good file.</param>
    /// <param name="repair">Makes checksums right, to get damage past them; null where there are none.</param>
    public byte[] Mutate(byte[] original, Action<byte[]>? repair)
    {
        byte[] file = (byte[])original.Clone();
        for (int changes = _random.Next(1, 5); changes > 0; changes--)
        {
            file = Change(file);
        }

        if (_random.Next(2) == 0)
        {
            repair?.Invoke(file);
        }

        return file;
    }

    /// <summary>Makes the checksum of a .perco file right.</summary>
    public static void RepairPerCo(byte[] file)
    {
        if (file.Length > 4)
        {
            uint crc = Crc32.Compute(file.AsSpan(0, file.Length - 4));
            BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(file.Length - 4), crc);
        }
    }

    /// <summary>Makes the checksums of a PNG's chunks right.</summary>
    public static void RepairPng(byte[] file)
    {
        for (long at = 8; at + 12 <= file.Length;)
        {
            long length = BinaryPrimitives.ReadUInt32BigEndian(file.AsSpan((int)at));
            if (at + 12 + length > file.Length)
            {
                return;
            }

            uint crc = Crc32.Compute(file.AsSpan((int)at + 4, (int)length + 4));
            BinaryPrimitives.WriteUInt32BigEndian(file.AsSpan((int)(at + 8 + length)), crc);
            at += 12 + length;
        }
    }

    private byte[] Change(byte[] file)
    {
        int at = _random.Next(file.Length);
        switch (_random.Next(words.Length == 0 ? 6 : 8))
        {
            case 0:
                file[at] ^= (byte)(1 << _random.Next(8));
                return file;
            case 1:
                file[at] = (byte)_random.Next(256);
                return file;
            case 2:
                file[at] = (byte)(_random.Next(2) * 255);
                return file;
            case 3:
                return file[..Math.Max(at, 1)];
            case 4:
                int length = _random.Next(Math.Min(file.Length - at, 4096));
                return [.. file.AsSpan(0, at + length), .. file.AsSpan(at)];
            case 5:
                // Early bytes matter most: that is where the headers are.
                file[_random.Next(Math.Min(file.Length, 64))] ^= (byte)_random.Next(256);
                return file;
            case 6:
                byte[] written = words[_random.Next(words.Length)];
                return [.. file.AsSpan(0, at), .. written, .. file.AsSpan(Math.Min(file.Length, at + written.Length))];
            default:
                return [.. file.AsSpan(0, at), .. words[_random.Next(words.Length)], .. file.AsSpan(at)];
        }
    }
}
