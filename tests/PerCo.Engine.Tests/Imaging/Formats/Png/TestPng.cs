using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using PerCo.Engine.IO;

namespace PerCo.Engine.Tests.Imaging.Formats.Png;

/// <summary>Puts PNG files together chunk by chunk, right or wrong.</summary>
internal static class TestPng
{
    /// <summary>Where IHDR's data starts.</summary>
    public const int HeaderData = 16;

    /// <summary>Where the chunk after IHDR starts.</summary>
    public const int AfterHeader = 33;

    /// <summary>A file of these chunks behind the signature.</summary>
    public static byte[] File(params byte[][] chunks) =>
        [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A, .. chunks.SelectMany(c => c)];

    /// <summary>A chunk with a right length and CRC.</summary>
    public static byte[] Chunk(string type, params byte[] data)
    {
        byte[] chunk = new byte[data.Length + 12];
        BinaryPrimitives.WriteInt32BigEndian(chunk, data.Length);
        Encoding.ASCII.GetBytes(type, chunk.AsSpan(4));
        data.CopyTo(chunk, 8);
        uint crc = Crc32.Compute(chunk.AsSpan(4, data.Length + 4));
        BinaryPrimitives.WriteUInt32BigEndian(chunk.AsSpan(data.Length + 8), crc);
        return chunk;
    }

    /// <summary>An IHDR chunk.</summary>
    public static byte[] Header(
        uint width,
        uint height,
        byte depth = 8,
        byte color = 2,
        byte interlacing = 0,
        byte compression = 0,
        byte filter = 0)
    {
        byte[] data = new byte[13];
        BinaryPrimitives.WriteUInt32BigEndian(data, width);
        BinaryPrimitives.WriteUInt32BigEndian(data.AsSpan(4), height);
        (data[8], data[9], data[10], data[11], data[12]) = (depth, color, compression, filter, interlacing);
        return Chunk("IHDR", data);
    }

    /// <summary>An IDAT chunk that holds these rows, filter bytes included.</summary>
    public static byte[] Data(params byte[] rows) => Chunk("IDAT", Zlib(rows));

    /// <summary>The IEND chunk.</summary>
    public static byte[] End() => Chunk("IEND");

    /// <summary>zlib data.</summary>
    public static byte[] Zlib(byte[] bytes)
    {
        using MemoryStream output = new();
        using (ZLibStream zlib = new(output, CompressionLevel.Optimal))
        {
            zlib.Write(bytes);
        }

        return output.ToArray();
    }
}
