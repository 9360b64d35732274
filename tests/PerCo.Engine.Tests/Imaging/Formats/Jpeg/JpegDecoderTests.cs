using System.Text.Json;
using PerCo.Engine.Imaging;
using Xunit;

namespace PerCo.Engine.Tests.Imaging.Formats.Jpeg;

public sealed class JpegDecoderTests
{
    /// <summary>
    /// Baseline, progressive, every sampling, restart markers, scan scripts, sizes and orientations. The transform, the
    /// smoothing and the colours follow libjpeg's roundings, so pixels are equal and not only near.
    /// </summary>
    [Fact]
    public void EqualsLibjpeg()
    {
        int count = 0;
        foreach ((JsonElement test, Image expected) in TestImages.Cases("jpeg"))
        {
            string file = test.GetProperty("file").GetString()!;
            TestImages.AssertEqual(expected, ImageFormats.Decode(TestImages.Golden(file)), file);
            count++;
        }

        Assert.Equal(45, count);
    }

    [Theory]
    [InlineData("a.jpg")]
    [InlineData("a.JPEG")]
    public void IsNotWritten(string path)
    {
        PerCoException e = Assert.Throws<PerCoException>(() => ImageFormats.Save(TestImages.Make(1, 1), path));
        Assert.Contains("JPEG", e.Message);
        Assert.Contains(".png", e.Message);
        Assert.DoesNotContain(".jpg,", e.Message);
    }

    [Fact]
    public void FillBytesAndTrailingBytesAreSkipped()
    {
        byte[] file = TestImages.Golden("jpeg/gray.jpg");
        Image expected = ImageFormats.Decode(file);
        byte[] filled = [.. file[..2], 0xFF, 0xFF, .. file[2..], 1, 2, 3];
        TestImages.AssertEqual(expected, ImageFormats.Decode(filled), "fill bytes");
        byte[] padded = [.. file[..^2], 0, 0, 0, 0xFF, .. file[^2..]];
        TestImages.AssertEqual(expected, ImageFormats.Decode(padded), "bytes after the scan");
    }

    [Fact]
    public void DamagedNotesDoNotMatter()
    {
        byte[] file = TestImages.Golden("jpeg/exif-6.jpg");
        Image turned = ImageFormats.Decode(file);
        int exif = file.AsSpan().IndexOf("Exif"u8);
        file[exif + 6] = 0;
        Image upright = ImageFormats.Decode(file);
        Assert.Equal((turned.Height, turned.Width), (upright.Width, upright.Height));
    }
}
