using System.Text;
using PerCo.Engine.Imaging;
using Xunit;

namespace PerCo.Engine.Tests.Imaging.Formats.Ppm;

public sealed class PpmTests
{
    [Fact]
    public void RoundTripOfEverySize()
    {
        ImageFormat ppm = ImageFormats.ForPath("x.ppm");
        for (int size = 0; size < 17 * 17; size++)
        {
            Image image = TestImages.Make((size % 17) + 1, (size / 17) + 1, seed: size);
            TestImages.AssertEqual(image, ImageFormats.Decode(ImageFormats.Encode(image, ppm)), $"size {size}");
        }
    }

    [Fact]
    public void KnownBytes() =>
        Assert.Equal(
            File("P6\n1 2\n255\n", 1, 2, 3, 4, 5, 6),
            ImageFormats.Encode(new Image(1, 2, [1, 2, 3, 4, 5, 6]), ImageFormats.ForPath("x.ppm")));

    [Theory]
    [InlineData("P6\n2 1\n255\n")]
    [InlineData("P6 2\t1\r\n255 ")]
    [InlineData("P6\n# made by hand\n2 # columns\n 1\n#\n255\n")]
    [InlineData("P6\n0002 01\n00255\n")]
    [InlineData("P6\r# a line of an old Mac's\r2 1\r255\r")]
    [InlineData("P7\nWIDTH 2\nHEIGHT 1\nDEPTH 3\nMAXVAL 255\nTUPLTYPE RGB\nENDHDR\n")]
    [InlineData("P7\n# note\n\nMAXVAL 255\r\nDEPTH\t3\nHEIGHT 1\nWIDTH  2 \nENDHDR\n")]
    public void Headers(string header) =>
        TestImages.AssertEqual(
            new Image(2, 1, [1, 2, 3, 35, 32, 10]), ImageFormats.Decode(File(header, 1, 2, 3, 35, 32, 10)), header);

    [Fact]
    public void SamplesOfEveryRange()
    {
        AssertPixel("P5 1 1 255\n", [77], 77, 77, 77);
        AssertPixel("P5 1 1 1\n", [1], 255, 255, 255);
        AssertPixel("P6 1 1 100\n", [0, 50, 100], 0, 128, 255);
        AssertPixel("P6 1 1 65535\n", [0x12, 0x34, 0, 128, 0, 129], 18, 0, 1);
        AssertPixel("P6 1 1 1000\n", [3, 232, 1, 244, 0, 0], 255, 128, 0);
        AssertPixel(Pam(1, 255, "GRAYSCALE"), [9], 9, 9, 9);
        AssertPixel(Pam(1, 1, "BLACKANDWHITE"), [0], 0, 0, 0);
        AssertPixel(Pam(2, 255, "GRAYSCALE_ALPHA"), [0, 0], 255, 255, 255);
        AssertPixel(Pam(4, 255, "RGB_ALPHA"), [10, 20, 30, 255], 10, 20, 30);
        AssertPixel(Pam(4, 255, "RGB_ALPHA"), [0, 100, 255, 51], 204, 224, 255);
        AssertPixel(Pam(4, 65535, "RGB_ALPHA"), [0, 0, 255, 255, 0, 0, 0x80, 0], 127, 255, 127);
    }

    [Theory]
    [InlineData("P6", "width", 2)]
    [InlineData("P6x", "width", 2)]
    [InlineData("P6\nab", "width", 3)]
    [InlineData("P6\n0 1\n255\n", "width", 3)]
    [InlineData("P6\n99999999999999999999999 1\n255\n", "width", 3)]
    [InlineData("P6\n1 -1\n255\n", "height", 5)]
    [InlineData("P6\n1", "height", 4)]
    [InlineData("P6\n1 1\n0\n", "maxval", 7)]
    [InlineData("P6\n1 1\n65536\n", "maxval", 7)]
    [InlineData("P6\n1 1\n255", "maxval", 10)]
    [InlineData("P6\n1 1\n255\n..", "samples", 11)]
    [InlineData("P6\n8193 8192\n255\n", "size", 2)]
    [InlineData("P6\n8192 8192\n255\n", "samples", 17)]
    [InlineData("P6\n1 1\n32\n0!1", "sample", 10)]
    [InlineData("P7\nWIDTH 1\n", "ENDHDR", 11)]
    [InlineData("P7\nWIDTH 0\nENDHDR\n", "WIDTH", 8)]
    [InlineData("P7\nDEPTH 5\nENDHDR\n", "DEPTH", 8)]
    [InlineData("P7\nMAXVAL x\nENDHDR\n", "MAXVAL", 9)]
    [InlineData("P7\nCOLOUR 1\nENDHDR\n", "header line", 3)]
    [InlineData("P7\nHEIGHT 1\nENDHDR\n", "WIDTH", 19)]
    [InlineData("P7\nWIDTH 1\nHEIGHT 1\nDEPTH 3\nMAXVAL 255\nTUPLTYPE CMYK\nENDHDR\n", "TUPLTYPE", 60)]
    [InlineData("P7\nWIDTH 1\nHEIGHT 1\nDEPTH 3\nMAXVAL 255\nTUPLTYPE GRAYSCALE\nENDHDR\n", "DEPTH", 65)]
    [InlineData("P7\nWIDTH 1\nHEIGHT 1\nDEPTH 3\nMAXVAL 255\nENDHDR", "samples", 46)]
    public void Damage(string file, string field, int offset) => TestImages.AssertRefused(File(file), field, offset);

    private static string Pam(int depth, int most, string tuple) =>
        $"P7\nWIDTH 1\nHEIGHT 1\nDEPTH {depth}\nMAXVAL {most}\nTUPLTYPE {tuple}\nENDHDR\n";

    private static void AssertPixel(string header, byte[] samples, byte red, byte green, byte blue) =>
        TestImages.AssertEqual(new Image(1, 1, [red, green, blue]), ImageFormats.Decode(File(header, samples)), header);

    private static byte[] File(string header, params byte[] samples) =>
        [.. Encoding.ASCII.GetBytes(header), .. samples];

    [Fact]
    public void AMillionTupleTypesAreRefusedAtTheFirstThatAreTooMany()
    {
        byte[] file = Encoding.ASCII.GetBytes(
            "P7\n" + string.Concat(Enumerable.Repeat("TUPLTYPE RGB\n", 1_000_000)) + "WIDTH 1\nHEIGHT 1\nENDHDR\n");
        var e = Assert.Throws<ImageFormatException>(() => ImageFormats.Decode(file));
        Assert.Equal("TUPLTYPE", e.Field);
        Assert.InRange(e.Offset, 0, 1000);
    }
}
