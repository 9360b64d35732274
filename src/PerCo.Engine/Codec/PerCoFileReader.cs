using System.Buffers.Binary;
using PerCo.Engine.Codec.Captions;
using PerCo.Engine.IO;

namespace PerCo.Engine.Codec;

/// <summary>Reads the container; docs/FORMAT.md has the byte table.</summary>
internal static class PerCoFileReader
{
    public const int VersionShift = 4;
    public const int VersionMask = 7;
    public const int HasOptions = 0x80;
    public const int RateMask = 0x0F;
    public const int RateNone = 14;
    public const int RateSpelledOut = 15;
    public const int OptionSeed = 1;
    public const int OptionSteps = 2;
    public const int OptionGuidance = 4;
    public const int ChecksumBytes = 4;
    public const int MaxSteps = 1000;

    /// <summary>The first byte is no text and loses its top bit where a transfer is not 8-bit clean.</summary>
    public static ReadOnlySpan<byte> Magic => [0xB7, (byte)'P', (byte)'C'];

    public static PerCoFile Read(ReadOnlySpan<byte> bytes, PerCoFileLimits limits, out PerCoFileSizes sizes)
    {
        if (!bytes.StartsWith(Magic))
        {
            throw new PerCoException(
                $"Not a .perco file: expected the first bytes B7 50 43, got "
                + $"{Hex(bytes[..Math.Min(3, bytes.Length)])}.");
        }

        if (bytes.Length > limits.MaxFileBytes)
        {
            throw new PerCoException($"The file has {bytes.Length} bytes, expected at most {limits.MaxFileBytes}.");
        }

        var cursor = new Cursor(bytes) { Position = Magic.Length };
        int control = cursor.Byte("control byte");
        int version = (control >> VersionShift) & VersionMask;
        if (version != PerCoFile.CurrentVersion)
        {
            throw new PerCoException(
                $"The file has format version {version}, expected {PerCoFile.CurrentVersion}. A newer PerCo.Engine "
                + "reads it.");
        }

        CheckSum(bytes);
        cursor.End = bytes.Length - ChecksumBytes;
        uint identity = cursor.UInt32("model identity");
        int width = cursor.Extent("width");
        int height = cursor.Extent("height");
        if ((long)width * height > limits.MaxPixels)
        {
            throw new PerCoException(
                $"The picture is {width}x{height}, over the limit of {limits.MaxPixels} pixels; raise the "
                + "limit.") { Remedies = [Remedy.PixelLimit] };
        }

        CodeGrid grid = ReadGrid(ref cursor, control & RateMask);
        int options = (control & HasOptions) != 0 ? cursor.Byte("options") : 0;
        if ((options & ~(OptionSeed | OptionSteps | OptionGuidance)) != 0 || ((control & HasOptions) != 0
            && options == 0))
        {
            throw new PerCoException(
                $"The options at byte {cursor.Position - 1} are {options:X2}, which this version does not know.");
        }

        ulong? seed = (options & OptionSeed) != 0 ? cursor.UInt64("seed") : null;
        int? steps = (options & OptionSteps) != 0 ? cursor.Varint("steps", 1, MaxSteps) : null;
        int? guidance = (options & OptionGuidance) != 0 ? cursor.UInt16("guidance") : null;
        int header = cursor.Position;

        long count = grid.Count(width, height);
        if (count > limits.MaxPixels)
        {
            throw new PerCoException($"The file has {count} codes, expected at most {limits.MaxPixels}.");
        }

        long codeBytes = grid.HasCodes ? IndexPacking.ByteCount(count, grid.Entries) : 0;
        if (codeBytes > cursor.Remaining)
        {
            throw new PerCoException(
                $"The codes need {codeBytes} bytes, but only {cursor.Remaining} are left: the file is cut off.");
        }

        var indices = new int[count];
        if (grid.HasCodes)
        {
            IndexPacking.Unpack(cursor.Take((int)codeBytes), grid.Entries, indices);
        }

        ReadOnlySpan<byte> captionBytes = cursor.Take(cursor.Remaining);
        string caption = captionBytes.IsEmpty ? "" : CaptionCoder.Decode(captionBytes);
        sizes = new PerCoFileSizes(header, (int)codeBytes, captionBytes.Length, ChecksumBytes);
        return new PerCoFile
        {
            ModelIdentity = identity,
            Width = width,
            Height = height,
            Grid = grid,
            Indices = indices,
            Caption = caption,
            Seed = seed,
            Steps = steps,
            GuidanceHundredths = guidance,
        };
    }

    private static CodeGrid ReadGrid(ref Cursor cursor, int rate)
    {
        if (rate < CodeGrid.Published.Count)
        {
            return CodeGrid.Published[rate];
        }

        switch (rate)
        {
            case RateNone:
                return CodeGrid.None;
            case RateSpelledOut:
                int log2 = cursor.Byte("grid stride");
                if (log2 > 10)
                {
                    throw new PerCoException($"The grid stride is 2^{log2}, expected at most {CodeGrid.MaxStride}.");
                }

                int entries = cursor.Varint("codebook size", 2, CodeGrid.MaxEntries);
                int books = cursor.Varint("codebooks", 1, CodeGrid.MaxBooks);
                return new CodeGrid(1 << log2, entries, books);
            default:
                throw new PerCoException($"The rate number is {rate}, expected 0 to {CodeGrid.Published.Count - 1}, 14 "
                    + "or 15.");
        }
    }

    private static void CheckSum(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < Magic.Length + 1 + 4 + 2 + ChecksumBytes)
        {
            throw new PerCoException($"The file has only {bytes.Length} bytes: it is cut off.");
        }

        uint stored = BinaryPrimitives.ReadUInt32LittleEndian(bytes[^ChecksumBytes..]);
        uint computed = Crc32.Compute(bytes[..^ChecksumBytes]);
        if (stored != computed)
        {
            throw new PerCoException(
                $"The checksum is {stored:X8}, but the content gives {computed:X8}: the file is damaged or cut off.");
        }
    }

    private static string Hex(ReadOnlySpan<byte> bytes) => bytes.IsEmpty ? "none" : Convert.ToHexString(bytes);

    private ref struct Cursor(ReadOnlySpan<byte> bytes)
    {
        private readonly ReadOnlySpan<byte> _bytes = bytes;

        public int Position { get; set; }

        public int End { get; set; } = bytes.Length;

        public readonly int Remaining => End - Position;

        public ReadOnlySpan<byte> Take(int count, string field = "content")
        {
            if (count > Remaining)
            {
                throw new PerCoException(
                    $"The {field} at byte {Position} needs {count} bytes, but only {Remaining} are left: the file is "
                    + "cut off.");
            }

            ReadOnlySpan<byte> taken = _bytes.Slice(Position, count);
            Position += count;
            return taken;
        }

        public int Byte(string field) => Take(1, field)[0];

        public int UInt16(string field) => BinaryPrimitives.ReadUInt16LittleEndian(Take(2, field));

        public uint UInt32(string field) => BinaryPrimitives.ReadUInt32LittleEndian(Take(4, field));

        public ulong UInt64(string field) => BinaryPrimitives.ReadUInt64LittleEndian(Take(8, field));

        public int Extent(string field) => Varint(field, 1, int.MaxValue);

        // LEB128 in its shortest form only, so that a file has one spelling.
        public int Varint(string field, int min, int max)
        {
            int start = Position;
            ulong value = 0;
            for (int shift = 0; ; shift += 7)
            {
                int next = Byte(field);
                value |= (ulong)(next & 0x7F) << shift;
                if ((next & 0x80) == 0)
                {
                    if ((next == 0 && shift > 0) || value < (ulong)min || value > (ulong)max)
                    {
                        throw new PerCoException($"The {field} at byte {start} is {value}, expected {min} to {max}.");
                    }

                    return (int)value;
                }

                if (shift > 28)
                {
                    throw new PerCoException($"The {field} at byte {start} has more than 5 bytes: the file is "
                        + "damaged.");
                }
            }
        }
    }
}
