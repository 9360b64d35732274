using System.IO.Compression;
using PerCo.Engine.IO;

namespace PerCo.Engine.Imaging.Formats.Png;

/// <summary>The ICC profile in an iCCP chunk (section 11.3.2.3): a name, a zero, a method and zlib data.</summary>
internal static class PngProfile
{
    // Those of cameras and phones have 0.5 to 10 kB, those of printers up to some megabytes.
    private const long MostBytes = 4 << 20;

    /// <summary>The profile; empty where there is none, or it is damaged.</summary>
    public static byte[] Inflate(ReadOnlySpan<byte> chunk)
    {
        int name = chunk.IndexOf((byte)0);
        if (name < 0 || chunk.Length < name + 2 || chunk[name + 1] != 0)
        {
            return [];
        }

        try
        {
            using var compressed = new MemoryStream(chunk[(name + 2)..].ToArray());
            using var data = new ZLibStream(compressed, CompressionMode.Decompress);
            return BoundedRead.All(data, MostBytes, () => new InvalidDataException());
        }
        catch (Exception e) when (e is InvalidDataException or IOException)
        {
            // The second kind is a stream that asks for a dictionary.
            return [];
        }
    }
}
