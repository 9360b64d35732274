using System.Buffers.Binary;
using PerCo.Engine.Imaging;
using Xunit;

namespace PerCo.Engine.Tests.Imaging;

public sealed class ExifOrientationTests
{
    /// <summary>EXIF data with an orientation behind another tag, in either byte order.</summary>
    public static byte[] Exif(int orientation, bool isLittle)
    {
        byte[] data = new byte[8 + 2 + 24 + 4];
        (isLittle ? "II*\0"u8 : "MM\0*"u8).CopyTo(data);
        Write32(data, 4, 8);
        Write16(data, 8, 2);
        Write16(data, 10, 0x0110);
        Write16(data, 12, 2);
        Write32(data, 14, 4);
        Write16(data, 22, 0x0112);
        Write16(data, 24, 3);
        Write32(data, 26, 1);
        Write16(data, 30, orientation);
        return data;

        void Write16(byte[] to, int at, int value)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(
                to.AsSpan(at), isLittle ? (ushort)value : BinaryPrimitives.ReverseEndianness((ushort)value));
        }

        void Write32(byte[] to, int at, uint value)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(
                to.AsSpan(at), isLittle ? value : BinaryPrimitives.ReverseEndianness(value));
        }
    }

    /// <summary>The picture a, b / c, d / e, f stored so that applying the orientation gives it back.</summary>
    public static TheoryData<int, int, string> Stored => new()
    {
        { 1, 2, "abcdef" },
        { 2, 2, "badcfe" },
        { 3, 2, "fedcba" },
        { 4, 2, "efcdab" },
        { 5, 3, "acebdf" },
        { 6, 3, "bdface" },
        { 7, 3, "fdbeca" },
        { 8, 3, "ecafdb" },
    };

    [Theory]
    [MemberData(nameof(Stored))]
    public void EachOrientationGivesTheSamePicture(int orientation, int width, string letters)
    {
        Image stored = Letters(width, letters);
        Image upright = ExifOrientation.Apply(stored, orientation);
        TestImages.AssertEqual(Letters(2, "abcdef"), upright, $"orientation {orientation}");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void BothByteOrders(bool isLittle)
    {
        for (int i = 1; i <= 8; i++)
        {
            Assert.Equal(i, ExifOrientation.Parse(Exif(i, isLittle)));
        }

        Assert.Equal(1, ExifOrientation.Parse(Exif(0, isLittle)));
        Assert.Equal(1, ExifOrientation.Parse(Exif(9, isLittle)));
    }

    [Fact]
    public void DamagedDataMeansUpright()
    {
        byte[] whole = Exif(6, isLittle: true);
        // The entry ends at byte 34; what follows is the link to the next directory.
        for (int length = 0; length < 34; length++)
        {
            Assert.Equal(1, ExifOrientation.Parse(whole.AsSpan(0, length)));
        }

        BinaryPrimitives.WriteUInt32LittleEndian(whole.AsSpan(4), uint.MaxValue);
        Assert.Equal(1, ExifOrientation.Parse(whole));
    }

    private static Image Letters(int width, string letters)
    {
        Image image = new(width, letters.Length / width);
        for (int i = 0; i < image.Pixels.Length; i++)
        {
            image.Pixels[i] = (byte)(letters[i / 3] + (i % 3));
        }

        return image;
    }
}
