using System.Text;
using PerCo.Engine.Imaging;
using Xunit;

namespace PerCo.Engine.Tests.Imaging.Formats.Png;

public sealed class PngEncoderTests
{
    private static readonly ImageFormat Png = ImageFormats.ForPath("x.png");

    [Fact]
    public void RoundTripOfEverySize()
    {
        for (int height = 1; height <= 17; height++)
        {
            for (int width = 1; width <= 17; width++)
            {
                Image image = TestImages.Make(width, height, seed: width + (100 * height));
                byte[] file = ImageFormats.Encode(image, Png);
                TestImages.AssertEqual(image, ImageFormats.Decode(file), $"{width} × {height}");
            }
        }
    }

    [Fact]
    public void DataOfSeveralChunks()
    {
        Image noise = new(300, 200);
        new Random(3).NextBytes(noise.Pixels);
        byte[] file = ImageFormats.Encode(noise, Png);
        Assert.True(CountOf(file, "IDAT") >= 2, "180 kB of noise do not fit one chunk of 64 KiB");
        TestImages.AssertEqual(noise, ImageFormats.Decode(file), "noise");
    }

    [Fact]
    public void FiltersAreChosen()
    {
        Image ramp = new(256, 64);
        for (int i = 0; i < ramp.Pixels.Length; i++)
        {
            ramp.Pixels[i] = (byte)((i / 3 % 256) + (i / 768 * 3));
        }

        // Every row is the one above plus three: a few hundred bytes with filters, and thousands without.
        Assert.InRange(ImageFormats.Encode(ramp, Png).Length, 1, 800);
    }

    [Fact]
    public void NotesAreKept()
    {
        ImageText plain = new("Comment", "reconstructed by a generative codec\nsecond line, café");
        ImageText wide = new("Description", "猫 on a mat – 42");
        byte[] file = ImageFormats.Encode(TestImages.Make(2, 2), Png, [plain, wide]);
        Assert.True(file.AsSpan().IndexOf(TestPng.Chunk(
            "tEXt", Encoding.Latin1.GetBytes("Comment\0" + plain.Text))) > 0);
        Assert.True(file.AsSpan().IndexOf(TestPng.Chunk(
            "iTXt", Encoding.UTF8.GetBytes("Description\0\0\0\0\0" + wide.Text))) > 0);
        TestImages.AssertEqual(TestImages.Make(2, 2), ImageFormats.Decode(file), "with notes");
        Assert.Equal([plain, wide], ImageFormats.Texts(file));
    }

    [Fact]
    public void NotesAreReadWithoutThePixels()
    {
        byte[] file = ImageFormats.Encode(TestImages.Make(2, 2), Png);
        Assert.Empty(ImageFormats.Texts(file));
        int end = file.Length - 12;

        // Compressed ones and such without a separator are passed over; damaged ones are errors.
        byte[] International(string fields) => Encoding.Latin1.GetBytes("Title\0" + fields);
        byte[] odd =
        [
            .. file[..end], .. TestPng.Chunk("tEXt", "no separator"u8.ToArray()),
            .. TestPng.Chunk("iTXt", International("\u0001\0\0\0squeezed")),
            .. TestPng.Chunk("iTXt", International("\0\0en\0")), .. TestPng.Chunk("iTXt", International("")),
            .. TestPng.Chunk("iTXt", International("\0\0en\0Titel\0kept")), .. file[end..],
        ];
        Assert.Equal([new ImageText("Title", "kept")], ImageFormats.Texts(odd));
        byte[] damaged = [.. file[..end], .. TestPng.Chunk("tEXt", "Title\0x"u8.ToArray()), .. file[end..]];
        damaged[^14] ^= 1;
        Assert.Throws<ImageFormatException>(() => ImageFormats.Texts(damaged));
        Assert.Throws<ImageFormatException>(() => ImageFormats.Texts(file.AsSpan(0, file.Length - 1)));
        Assert.Empty(ImageFormats.Texts(ImageFormats.Encode(TestImages.Make(2, 2), ImageFormats.ForPath("a.ppm"))));
    }

    [Fact]
    public void NotesAreUnicode()
    {
        string pair = "🐕";
        Assert.Throws<ArgumentException>(() => ImageFormats.Encode(
            TestImages.Make(1, 1), ImageFormats.ForPath("a.png"), [new ImageText("a", $"x{pair[0]}")]));
        byte[] file = ImageFormats.Encode(
            TestImages.Make(1, 1), ImageFormats.ForPath("a.png"), [new ImageText("a", $"x{pair}")]);
        Assert.Equal("x🐕", ImageFormats.Texts(file)[0].Text);
    }

    [Theory]
    [InlineData("", "x")]
    [InlineData(" a", "x")]
    [InlineData("a  b", "x")]
    [InlineData("猫", "x")]
    [InlineData("a", "x\0y")]
    public void ImpossibleNotes(string keyword, string text)
    {
        using MemoryStream output = new();
        Assert.Throws<ArgumentException>(
            () => ImageFormats.Encode(TestImages.Make(1, 1), output, Png, [new ImageText(keyword, text)]));
        Assert.Equal(0, output.Length);
    }

    [Fact]
    public void TheSameBytesEveryTime()
    {
        Image image = TestImages.Make(50, 40);
        Assert.Equal(ImageFormats.Encode(image, Png), ImageFormats.Encode(image, Png));
    }

    private static int CountOf(byte[] file, string type)
    {
        byte[] name = Encoding.ASCII.GetBytes(type);
        return Enumerable.Range(0, file.Length - 4).Count(i => file.AsSpan(i, 4).SequenceEqual(name));
    }
}
