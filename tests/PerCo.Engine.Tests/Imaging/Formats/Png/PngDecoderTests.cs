using System.Text.Json;
using PerCo.Engine.Imaging;
using Xunit;

namespace PerCo.Engine.Tests.Imaging.Formats.Png;

public sealed class PngDecoderTests
{
    [Fact]
    public void EveryColourTypeDepthAndInterlacing()
    {
        int count = 0;
        foreach ((JsonElement test, Image expected) in TestImages.Cases("png"))
        {
            string file = test.GetProperty("file").GetString()!;
            TestImages.AssertEqual(expected, ImageFormats.Decode(TestImages.Golden(file)), file);
            count++;
        }

        Assert.Equal(52, count);
    }

    /// <summary>Every size at which some Adam7 passes are empty.</summary>
    [Fact]
    public void InterlacedSizes()
    {
        (int X, int Y, int Dx, int Dy)[] passes =
            [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)];
        for (int height = 1; height <= 17; height++)
        {
            for (int width = 1; width <= 17; width++)
            {
                Image expected = TestImages.Make(width, height);
                List<byte> rows = [];
                foreach ((int x0, int y0, int dx, int dy) in passes)
                {
                    for (int y = y0; y < height && x0 < width; y += dy)
                    {
                        rows.Add(0);
                        for (int x = x0; x < width; x += dx)
                        {
                            rows.AddRange(expected.Row(y).Slice(3 * x, 3));
                        }
                    }
                }

                byte[] file = TestPng.File(
                    TestPng.Header((uint)width, (uint)height, interlacing: 1), TestPng.Data([.. rows]), TestPng.End());
                TestImages.AssertEqual(expected, ImageFormats.Decode(file), $"{width} × {height}");
            }
        }
    }

    [Fact]
    public void OrientationIsApplied()
    {
        byte[] file = TestPng.File(
            TestPng.Header(2, 1),
            TestPng.Chunk("eXIf", ExifOrientationTests.Exif(6, isLittle: false)),
            TestPng.Data(0, 1, 2, 3, 4, 5, 6),
            TestPng.End());
        TestImages.AssertEqual(new Image(1, 2, [1, 2, 3, 4, 5, 6]), ImageFormats.Decode(file), "turned");
    }

    [Fact]
    public void ProfilesAndUnknownNotesChangeNothing()
    {
        byte[] damagedNote = TestPng.Chunk("zzZz", 1, 2, 3);
        damagedNote[^1] ^= 1;
        byte[] file = TestPng.File(
            TestPng.Header(1, 1),
            TestPng.Chunk("gAMA", 0, 0, 0, 99),
            TestPng.Chunk("iCCP", 65, 0, 0, 1),
            damagedNote,
            TestPng.Chunk("PLTE", 1, 2, 3),
            TestPng.Data(0, 7, 8, 9),
            TestPng.End(),
            [1, 2, 3]);
        TestImages.AssertEqual(new Image(1, 1, [7, 8, 9]), ImageFormats.Decode(file), "notes");
    }

    [SkippableFact]
    public void Photographs()
    {
        Skip.If(TestPaths.Shared is null, "the shared photographs are not beside the repository");
        Image image = ImageFormats.Load(Path.Combine(TestPaths.Shared!, "images", "kodim13.png"));
        Assert.Equal((768, 512), (image.Width, image.Height));
        byte[] file = ImageFormats.Encode(image, ImageFormats.ForPath("x.png"));
        TestImages.AssertEqual(image, ImageFormats.Decode(file), "kodim13 again");
        Assert.InRange(file.Length, 1, 910_000);
    }
}
