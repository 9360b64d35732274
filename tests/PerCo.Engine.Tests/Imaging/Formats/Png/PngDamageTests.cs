using PerCo.Engine.Imaging;
using Xunit;

namespace PerCo.Engine.Tests.Imaging.Formats.Png;

/// <summary>Each way of being wrong is refused at its field and byte.</summary>
public sealed class PngDamageTests
{
    private const int After = TestPng.AfterHeader;

    private static readonly byte[] Header = TestPng.Header(2, 1);
    private static readonly byte[] Data = TestPng.Data(0, 1, 2, 3, 4, 5, 6);
    private static readonly byte[] End = TestPng.End();

    private static byte[] Good => TestPng.File(Header, Data, End);

    [Fact]
    public void Signature()
    {
        byte[] file = Good;
        file[4] = 0x0A;
        TestImages.AssertRefused(file, "signature", 0, "as text or cut short, get a fresh copy.");
        TestImages.AssertRefused(Good[..6], "signature", 0);
    }

    [Theory]
    [InlineData(0, 1, 8, 2, 0, 0, 0, "IHDR width", 0)]
    [InlineData(0x80000000, 1, 8, 2, 0, 0, 0, "IHDR width", 0)]
    [InlineData(1, 0, 8, 2, 0, 0, 0, "IHDR height", 4)]
    [InlineData(1, 0xFFFFFFFF, 8, 2, 0, 0, 0, "IHDR height", 4)]
    [InlineData(1, 1, 3, 0, 0, 0, 0, "IHDR bit depth", 8)]
    [InlineData(1, 1, 4, 2, 0, 0, 0, "IHDR bit depth", 8)]
    [InlineData(1, 1, 16, 3, 0, 0, 0, "IHDR bit depth", 8)]
    [InlineData(1, 1, 8, 1, 0, 0, 0, "IHDR colour type", 9)]
    [InlineData(1, 1, 8, 7, 0, 0, 0, "IHDR colour type", 9)]
    [InlineData(1, 1, 8, 2, 0, 1, 0, "IHDR compression", 10)]
    [InlineData(1, 1, 8, 2, 0, 0, 1, "IHDR filter method", 11)]
    [InlineData(1, 1, 8, 2, 2, 0, 0, "IHDR interlacing", 12)]
    public void HeaderFields(
        uint width,
        uint height,
        byte depth,
        byte color,
        byte interlacing,
        byte compression,
        byte filter,
        string field,
        int at)
    {
        byte[] header = TestPng.Header(width, height, depth, color, interlacing, compression, filter);
        TestImages.AssertRefused(TestPng.File(header, Data, End), field, TestPng.HeaderData + at);
    }

    [Fact]
    public void HeaderChunk()
    {
        TestImages.AssertRefused(TestPng.File(Data, End), "first chunk", 8, "IDAT");
        TestImages.AssertRefused(TestPng.File(TestPng.Chunk("IHDR", 1, 2), Data, End), "IHDR length", 8);
        byte[] file = Good;
        file[TestPng.HeaderData + 3] ^= 1;
        TestImages.AssertRefused(file, "IHDR CRC", 29);
    }

    [Fact]
    public void Limits()
    {
        ImageLimits limits = new() { MaxPixels = 5 };
        byte[] Make(uint w, uint h) => TestPng.File(TestPng.Header(w, h), Data, End);
        TestImages.AssertRefused(Make(3, 2), "size", TestPng.HeaderData, "3 × 2", limits);
        TestImages.AssertRefused(Make(int.MaxValue, int.MaxValue), "size", TestPng.HeaderData);
        TestImages.AssertRefused(Make(8192, 8193), "size", TestPng.HeaderData);
        Assert.Equal(2, ImageFormats.Decode(Good, limits).Width);
    }

    [Fact]
    public void AHugePictureInATinyFileIsRefusedBeforeItIsAllocated()
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        TestImages.AssertRefused(
            TestPng.File(TestPng.Header(8192, 8192), Data, End), "IDAT length", After, "at most");
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 100_000);
    }

    [Fact]
    public void Chunks()
    {
        byte[] file = Good;
        TestImages.AssertRefused(file[..^12], "chunk", file.Length - 12, "before IEND");
        TestImages.AssertRefused(file[..^1], "chunk", file.Length - 12, "before IEND");
        TestImages.AssertRefused(file[..(After + 15)], "IDAT length", After, "are left");
        file[After + 4] = (byte)'?';
        TestImages.AssertRefused(file, "chunk type", After + 4, "0x3F");
        TestImages.AssertRefused(TestPng.File(Header, TestPng.Chunk("ABCD"), Data, End), "ABCD", After, "critical");
        TestImages.AssertRefused(TestPng.File(Header, Header, Data, End), "IHDR", After, "critical");
        TestImages.AssertRefused(TestPng.File(Header, End), "IEND", After, "no pixels");
        byte[] twoRuns = TestPng.File(Header, Data, TestPng.Chunk("tIME"), Data, End);
        TestImages.AssertRefused(twoRuns, "IDAT", After + Data.Length + 12, "one run");
        file = Good;
        file[After + 9] ^= 1;
        TestImages.AssertRefused(file, "IDAT CRC", After + Data.Length - 4);
    }

    [Fact]
    public void Palettes()
    {
        byte[] header = TestPng.Header(1, 1, depth: 2, color: 3);
        byte[] pixel = TestPng.Data(0, 0b11_000000);
        byte[] palette = TestPng.Chunk("PLTE", 1, 2, 3, 4, 5, 6);
        TestImages.AssertRefused(TestPng.File(header, pixel, End), "IDAT", After, "PLTE first");
        TestImages.AssertRefused(TestPng.File(header, TestPng.Chunk("PLTE"), pixel, End), "PLTE length", After);
        TestImages.AssertRefused(
            TestPng.File(header, TestPng.Chunk("PLTE", 1, 2, 3, 4), pixel, End), "PLTE length", After, "found 4 bytes");
        TestImages.AssertRefused(
            TestPng.File(header, TestPng.Chunk("PLTE", new byte[15]), pixel, End), "PLTE length", After, "1 to 4");
        TestImages.AssertRefused(
            TestPng.File(header, palette, palette, pixel, End), "PLTE", After + palette.Length, "one palette");
        TestImages.AssertRefused(
            TestPng.File(header, palette, pixel, End), "IDAT", After + palette.Length, "beyond the 2 colours");
    }

    [Fact]
    public void Transparency()
    {
        byte[] key = TestPng.Chunk("tRNS", 0, 1, 0, 2, 0, 3);
        TestImages.AssertEqual(
            new Image(2, 1, [255, 255, 255, 4, 5, 6]),
            ImageFormats.Decode(TestPng.File(Header, key, Data, End)),
            "key");
        TestImages.AssertRefused(
            TestPng.File(Header, TestPng.Chunk("tRNS", 0, 1), Data, End), "tRNS length", After, "expected 6 bytes");
        TestImages.AssertRefused(TestPng.File(Header, key, key, Data, End), "tRNS", After + key.Length, "one of them");
        byte[] header = TestPng.Header(1, 1, color: 3);
        TestImages.AssertRefused(
            TestPng.File(header, TestPng.Chunk("tRNS", 1), TestPng.Chunk("PLTE", 1, 2, 3), TestPng.Data(0, 0), End),
            "tRNS length",
            After,
            "after PLTE");
    }

    [Fact]
    public void ZlibData()
    {
        byte[] zlib = TestPng.Zlib([0, 1, 2, 3, 4, 5, 6]);
        AssertData("IDAT zlib header", After + 8, "deflate", [0x79, .. zlib[1..]]);
        AssertData("IDAT zlib header", After + 8, "deflate", [0x78]);
        AssertData("IDAT", After, "Adler-32", [.. zlib[..^1], (byte)(zlib[^1] ^ 1)]);
        for (int cut = 1; cut <= 4; cut++)
        {
            AssertData("IDAT", After, "before its Adler-32", zlib[..^cut]);
        }

        AssertData("IDAT", After, "damaged", [.. zlib[..2], 0xFF, .. zlib[3..]]);
        AssertData("IDAT", After, "ends in row 0", TestPng.Zlib([0, 1, 2, 3, 4, 5]));
        AssertData("IDAT", After, "more than the picture", TestPng.Zlib([0, 1, 2, 3, 4, 5, 6, 7]));
        AssertData("IDAT", After, "filter 5", TestPng.Zlib([5, 1, 2, 3, 4, 5, 6]));
    }

    /// <summary>A bomb: the picture is small, its data would inflate to 100 MB, and is read no further.</summary>
    [Fact]
    public void InflatesNoMoreThanThePicture()
    {
        byte[] bomb = TestPng.Chunk("IDAT", TestPng.Zlib(new byte[100_000_000]));
        long before = GC.GetAllocatedBytesForCurrentThread();
        TestImages.AssertRefused(TestPng.File(Header, bomb, End), "IDAT", After, "more than the picture");
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 2_000_000);
    }

    private static void AssertData(string field, int offset, string inMessage, byte[] zlib) =>
        TestImages.AssertRefused(TestPng.File(Header, TestPng.Chunk("IDAT", zlib), End), field, offset, inMessage);
}
