using System.Buffers.Binary;
using System.Text;
using PerCo.Engine.IO;

namespace PerCo.Engine.Imaging.Formats.Png;

/// <summary>One chunk: length, four-letter type, data, CRC-32 of type and data (PNG, section 5.3).</summary>
internal readonly ref struct PngChunk
{
    private const string Damaged = "the file is damaged, get a fresh copy";

    private readonly ReadOnlySpan<byte> _file;

    private PngChunk(ReadOnlySpan<byte> file, int offset, int length)
    {
        _file = file;
        Offset = offset;
        Length = length;
    }

    /// <summary>Where the chunk starts in the file.</summary>
    public int Offset { get; }

    /// <summary>Bytes of data.</summary>
    public int Length { get; }

    /// <summary>Where the data starts in the file.</summary>
    public int DataOffset => Offset + 8;

    /// <summary>Where the next chunk starts.</summary>
    public int End => Offset + 12 + Length;

    /// <summary>The data.</summary>
    public ReadOnlySpan<byte> Data => _file.Slice(DataOffset, Length);

    /// <summary>The four letters.</summary>
    public string Name => Encoding.ASCII.GetString(Type);

    /// <summary>Whether a decoder that does not know the chunk must give up (capital first letter).</summary>
    public bool IsCritical => (Type[0] & 0x20) == 0;

    private ReadOnlySpan<byte> Type => _file.Slice(Offset + 4, 4);

    /// <summary>Finds the chunk at an offset; its CRC is not checked yet.</summary>
    /// <param name="file">The whole file.</param>
    /// <param name="offset">Where the chunk starts, at most the file's length.</param>
    /// <exception cref="ImageFormatException">It does not fit the file, or its type is not four letters.</exception>
    public static PngChunk At(ReadOnlySpan<byte> file, int offset)
    {
        long left = file.Length - (long)offset;
        if (left < 12)
        {
            throw PngFormat.Error(
                "chunk", offset, $"the file ends before IEND, {left} bytes are left of at least 12; {Damaged}");
        }

        foreach (byte letter in file.Slice(offset + 4, 4))
        {
            if (!char.IsAsciiLetter((char)letter))
            {
                throw PngFormat.Error(
                    "chunk type", offset + 4, $"expected four letters, found 0x{letter:X2}; {Damaged}");
            }
        }

        uint length = BinaryPrimitives.ReadUInt32BigEndian(file[offset..]);
        if (length > left - 12)
        {
            string name = Encoding.ASCII.GetString(file.Slice(offset + 4, 4));
            throw PngFormat.Error(
                $"{name} length", offset, $"{length} bytes are announced, {left - 12} are left; {Damaged}");
        }

        return new PngChunk(file, offset, (int)length);
    }

    /// <summary>Whether this is the chunk of that type.</summary>
    /// <param name="type">Four letters.</param>
    public bool Is(ReadOnlySpan<byte> type) => Type.SequenceEqual(type);

    /// <summary>Whether the CRC is that of type and data.</summary>
    public bool IsIntact => StoredCrc == Crc32.Compute(_file.Slice(Offset + 4, Length + 4));

    private uint StoredCrc => BinaryPrimitives.ReadUInt32BigEndian(_file[(End - 4)..]);

    /// <summary>Checks the CRC of type and data.</summary>
    /// <exception cref="ImageFormatException">It differs.</exception>
    public void CheckCrc()
    {
        if (!IsIntact)
        {
            uint found = Crc32.Compute(_file.Slice(Offset + 4, Length + 4));
            throw PngFormat.Error(
                $"{Name} CRC", End - 4, $"expected {StoredCrc:X8}, the data gives {found:X8}; {Damaged}");
        }
    }
}
