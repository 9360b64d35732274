using System.Text;
using PerCo.Engine.Imaging;
using Xunit;

namespace PerCo.Engine.Tests.Imaging;

public sealed class ImageFormatsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string, string> Foreign => new()
    {
        { "RIFF\0\0\0\0WEBPVP8 ", "WebP" },
        { "\0\0\0\u001cftypavif\0\0\0\0", "AVIF" },
        { "\0\0\0\u001cftypheic\0\0\0\0", "HEIC" },
        { "\u00ff\n\u00fa\u001f", "JPEG XL" },
        { "\0\0\0\u000cJXL \r\n\u0087\n", "JPEG XL" },
        { "\0\0\0\u000cjP  \r\n\u0087\n", "JPEG 2000" },
        { "GIF89a\0\0", "GIF" },
        { "BM\0\0\0\0", "BMP" },
        { "II*\0\u0008\0\0\0", "TIFF" },
        { "MM\0*\0\0\0\u0008", "TIFF" },
        { "P3\n1 1\n255\n1 2 3\n", "PNM" },
        { "qoif\0\0", "QOI" },
        { "", "an empty file; get a fresh copy" },
        { "hello", "an unknown format" },
        { "P", "an unknown format" },
    };

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Foreign))]
    public void OtherFormatsAreNamed(string start, string name) =>
        TestImages.AssertRefused(Encoding.Latin1.GetBytes(start), "signature", 0, name);

    [Theory]
    [InlineData("a.png")]
    [InlineData("a.PNG")]
    [InlineData("a.ppm")]
    [InlineData("ä ö.pnm")]
    public void SavedFilesLoad(string name)
    {
        Image image = TestImages.Make(21, 13);
        string path = _folder.File(name);
        ImageFormats.Save(image, path);
        TestImages.AssertEqual(image, ImageFormats.Load(path), name);
        Assert.Single(_folder.Entries());
    }

    [Fact]
    public void TheContentTellsTheFormat()
    {
        Image image = TestImages.Make(3, 3);
        string path = _folder.File("really-ppm.png");
        File.WriteAllBytes(path, ImageFormats.Encode(image, ImageFormats.ForPath("x.ppm")));
        TestImages.AssertEqual(image, ImageFormats.Load(path), path);
    }

    [Theory]
    [InlineData("a.webp")]
    [InlineData("a")]
    public void UnknownEndings(string name)
    {
        PerCoException e = Assert.Throws<PerCoException>(() => ImageFormats.Save(TestImages.Make(1, 1), name));
        Assert.Contains(".png", e.Message);
    }

    [Fact]
    public void SaveCanRefuseToOverwrite()
    {
        string path = _folder.File("a.png");
        ImageFormats.Save(TestImages.Make(2, 2), path);
        byte[] before = File.ReadAllBytes(path);
        Assert.Throws<PerCoException>(() => ImageFormats.Save(TestImages.Make(3, 3), path, overwrite: false));
        Assert.Equal(before, File.ReadAllBytes(path));
    }

    [Fact]
    public void LoadNamesTheFile()
    {
        string path = _folder.File("b.png");
        PerCoException missing = Assert.Throws<PerCoException>(() => ImageFormats.Load(path));
        Assert.StartsWith(path, missing.Message);
        File.WriteAllText(path, "GIF89a");
        ImageFormatException wrong = Assert.Throws<ImageFormatException>(() => ImageFormats.Load(path));
        Assert.StartsWith(path, wrong.Message);
        Assert.Contains("GIF", wrong.Message);
        Assert.Equal(("picture", "signature", 0), (wrong.Format, wrong.Field, wrong.Offset));
    }

    [Fact]
    public void AnEndlessStreamIsCutOff()
    {
        ImageLimits limits = new() { MaxFileBytes = 1_000_000 };
        using EndlessStream stream = new();
        ImageFormatException e = Assert.Throws<ImageFormatException>(() => ImageFormats.Decode(stream, limits));
        Assert.Equal("file size", e.Field);
        Assert.InRange(stream.Given, 1_000_000, 1_200_000);
    }

    [Fact]
    public void ALongFileIsRefusedUnread()
    {
        string path = _folder.File("long.png");
        File.WriteAllBytes(path, new byte[1001]);
        ImageFormatException e = Assert.Throws<ImageFormatException>(
            () => ImageFormats.Load(path, new ImageLimits { MaxFileBytes = 1000 }));
        Assert.Equal(("file size", 1000), (e.Field, e.Offset));
    }

    [Fact]
    public void StreamsThatGiveLittleAtATime()
    {
        Image image = TestImages.Make(30, 20);
        using TricklingStream stream = new(ImageFormats.Encode(image, ImageFormats.ForPath("x.png")));
        TestImages.AssertEqual(image, ImageFormats.Decode(stream), "trickle");
    }

    private sealed class EndlessStream : MemoryStream
    {
        public long Given { get; private set; }

        public override bool CanSeek => false;

        public override int Read(Span<byte> buffer)
        {
            buffer.Clear();
            Given += buffer.Length;
            return buffer.Length;
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));
    }

    private sealed class TricklingStream(byte[] data) : MemoryStream(data)
    {
        public override int Read(Span<byte> buffer) => base.Read(buffer[..Math.Min(buffer.Length, 7)]);

        public override int Read(byte[] buffer, int offset, int count) => base.Read(buffer, offset, Math.Min(count, 7));
    }
}
