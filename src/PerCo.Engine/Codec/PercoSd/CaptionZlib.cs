using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using PerCo.Engine.Codec.Captions;

namespace PerCo.Engine.Codec.PercoSd;

/// <summary>A caption as PerCo (SD) stores it: UTF-8, compressed with zlib (RFC 1950).</summary>
internal static class CaptionZlib
{
    /// <summary>Most bytes of a caption, as in a .perco file: 32 tokens are 200 or so.</summary>
    public const int MaxBytes = CaptionCoder.MaxBytes;

    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    /// <summary>Text → zlib.</summary>
    public static byte[] Pack(string caption)
    {
        using var output = new MemoryStream();
        using (var zlib = new ZLibStream(output, CompressionLevel.SmallestSize))
        {
            zlib.Write(Strict.GetBytes(caption));
        }

        return output.ToArray();
    }

    /// <summary>zlib → text.</summary>
    /// <exception cref="PerCoException">No zlib, too long, a wrong checksum, or no UTF-8.</exception>
    public static string Unpack(byte[] packed)
    {
        var text = new byte[MaxBytes + 1];
        int length;
        try
        {
            using var zlib = new ZLibStream(new MemoryStream(packed), CompressionMode.Decompress);
            length = zlib.ReadAtLeast(text, text.Length, throwOnEndOfStream: false);
        }
        catch (Exception e) when (e is InvalidDataException or IOException)
        {
            throw new PerCoException("The caption is no valid zlib data. Is the file whole?", e);
        }

        if (length > MaxBytes)
        {
            throw new PerCoException($"The caption is longer than {MaxBytes} bytes, which no caption is.");
        }

        // A stream that is cut short ends early without an error, so the checksum at its end is looked at here.
        ReadOnlySpan<byte> content = text.AsSpan(0, length);
        if (packed.Length < 6
            || BinaryPrimitives.ReadUInt32BigEndian(packed.AsSpan(packed.Length - 4)) != Adler32(content))
        {
            throw new PerCoException("The caption's checksum is wrong. Is the file whole?");
        }

        try
        {
            return Strict.GetString(content);
        }
        catch (DecoderFallbackException e)
        {
            throw new PerCoException("The caption is no valid UTF-8. Is the file whole?", e);
        }
    }

    private static uint Adler32(ReadOnlySpan<byte> bytes)
    {
        uint a = 1;
        uint b = 0;
        foreach (byte value in bytes)
        {
            a = (a + value) % 65521;
            b = (b + a) % 65521;
        }

        return (b << 16) | a;
    }
}
