using System.Buffers.Binary;

namespace PerCo.Engine.Imaging;

/// <summary>The orientation that a camera notes in EXIF (tag 0x0112), and turning a picture by it.</summary>
internal static class ExifOrientation
{
    /// <summary>The value for a picture that is upright as it is.</summary>
    public const int Upright = 1;

    private const int Tag = 0x0112;
    private const int ShortType = 3;
    private const int EntryLength = 12;

    /// <summary>Finds the orientation in EXIF data.</summary>
    /// <param name="exif">The data from its TIFF header on; may be empty or damaged.</param>
    /// <returns>1 to 8; <see cref="Upright"/> where none is found: notes never stop a picture from opening.</returns>
    public static int Parse(ReadOnlySpan<byte> exif)
    {
        if (exif.Length < 8)
        {
            return Upright;
        }

        bool isLittle = exif.StartsWith("II*\0"u8);
        if (!isLittle && !exif.StartsWith("MM\0*"u8))
        {
            return Upright;
        }

        uint start = Read32(exif[4..], isLittle);
        if (start > exif.Length - 2)
        {
            return Upright;
        }

        ReadOnlySpan<byte> entries = exif[((int)start + 2)..];
        int count = Math.Min(Read16(exif[(int)start..], isLittle), entries.Length / EntryLength);
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> entry = entries.Slice(i * EntryLength, EntryLength);
            if (Read16(entry, isLittle) == Tag && Read16(entry[2..], isLittle) == ShortType)
            {
                int value = Read16(entry[8..], isLittle);
                return value is >= 1 and <= 8 ? value : Upright;
            }
        }

        return Upright;
    }

    /// <summary>Turns a stored picture upright.</summary>
    /// <param name="image">The picture as stored.</param>
    /// <param name="orientation">1 to 8: where the stored first row and column are meant to be.</param>
    /// <returns>The same picture where nothing is to be done.</returns>
    public static Image Apply(Image image, int orientation)
    {
        if (orientation == Upright)
        {
            return image;
        }

        int width = image.Width, height = image.Height;
        bool isTurned = orientation >= 5;
        Image upright = isTurned ? new Image(height, width) : new Image(width, height);
        for (int y = 0; y < upright.Height; y++)
        {
            Span<byte> target = upright.Row(y);
            for (int x = 0; x < upright.Width; x++)
            {
                // 2 mirrors, 3 turns by 180°, 4 flips, 5 transposes, 6 was turned left, 7 transposes across, 8 right.
                (int sx, int sy) = orientation switch
                {
                    2 => (width - 1 - x, y),
                    3 => (width - 1 - x, height - 1 - y),
                    4 => (x, height - 1 - y),
                    5 => (y, x),
                    6 => (y, height - 1 - x),
                    7 => (width - 1 - y, height - 1 - x),
                    _ => (width - 1 - y, x),
                };
                image.Row(sy).Slice(sx * Image.Channels, Image.Channels).CopyTo(target[(x * Image.Channels)..]);
            }
        }

        return upright;
    }

    private static int Read16(ReadOnlySpan<byte> data, bool isLittle) =>
        isLittle ? BinaryPrimitives.ReadUInt16LittleEndian(data) : BinaryPrimitives.ReadUInt16BigEndian(data);

    private static uint Read32(ReadOnlySpan<byte> data, bool isLittle) =>
        isLittle ? BinaryPrimitives.ReadUInt32LittleEndian(data) : BinaryPrimitives.ReadUInt32BigEndian(data);
}
