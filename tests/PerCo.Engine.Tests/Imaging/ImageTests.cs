using PerCo.Engine.Imaging;
using Xunit;

namespace PerCo.Engine.Tests.Imaging;

public sealed class ImageTests
{
    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 0)]
    [InlineData(-1, 5)]
    [InlineData(int.MaxValue, int.MaxValue)]
    [InlineData(65536, 65536)]
    [InlineData(715827883, 1)]
    public void ImpossibleSizes(int width, int height)
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new Image(width, height));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Image(width, height, new byte[3]));
    }

    [Fact]
    public void PixelsMustFitTheSides() => Assert.Throws<ArgumentException>(() => new Image(2, 2, new byte[11]));

    [Fact]
    public void CropTakesTheRectangle()
    {
        Image image = TestImages.Make(9, 7);
        Image cropped = image.Crop(2, 3, 5, 4);
        Assert.Equal((5, 4), (cropped.Width, cropped.Height));
        for (int y = 0; y < 4; y++)
        {
            Assert.Equal(image.Row(y + 3).Slice(6, 15).ToArray(), cropped.Row(y).ToArray());
        }
    }

    [Theory]
    [InlineData(-1, 0, 1, 1)]
    [InlineData(0, -1, 1, 1)]
    [InlineData(0, 0, 0, 1)]
    [InlineData(5, 0, 5, 1)]
    [InlineData(0, 1, 1, 7)]
    [InlineData(1, 0, int.MaxValue, 1)]
    public void CropStaysInside(int x, int y, int width, int height) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => TestImages.Make(9, 7).Crop(x, y, width, height));

    [Fact]
    public void PadRepeatsTheEdgeAndCropUndoesIt()
    {
        Image image = TestImages.Make(5, 3);
        Image padded = image.PadEdge(8, 6);
        for (int y = 0; y < 6; y++)
        {
            for (int x = 0; x < 8; x++)
            {
                byte[] expected = image.Row(Math.Min(y, 2)).Slice(3 * Math.Min(x, 4), 3).ToArray();
                Assert.Equal(expected, padded.Row(y).Slice(3 * x, 3).ToArray());
            }
        }

        TestImages.AssertEqual(image, padded.Crop(0, 0, 5, 3), "padded and cropped");
    }

    [Fact]
    public void PadDoesNotShrink()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => TestImages.Make(5, 3).PadEdge(4, 3));
        Assert.Throws<ArgumentOutOfRangeException>(() => TestImages.Make(5, 3).PadEdge(5, 2));
    }

    [Fact]
    public void MontageKeepsEachPictureOnWhite()
    {
        Image a = TestImages.Make(4, 6), b = TestImages.Make(3, 2, seed: 2);
        Image row = Montage.SideBySide([a, b], gap: 2);
        Assert.Equal((9, 6), (row.Width, row.Height));
        TestImages.AssertEqual(a, row.Crop(0, 0, 4, 6), "left");
        TestImages.AssertEqual(b, row.Crop(6, 0, 3, 2), "right");
        Assert.All(row.Crop(4, 0, 2, 6).Pixels, p => Assert.Equal(255, p));
        Assert.All(row.Crop(6, 2, 3, 4).Pixels, p => Assert.Equal(255, p));
    }

    [Fact]
    public void PsnrOfKnownDifferences()
    {
        Image a = new(4, 4), b = new(4, 4);
        Assert.Equal(double.PositiveInfinity, ImageMetrics.Psnr(a, b));
        Array.Fill(b.Pixels, (byte)255);
        Assert.Equal(0, ImageMetrics.Psnr(a, b), 12);
        Array.Fill(b.Pixels, (byte)0);
        b.Pixels[7] = 12;
        Assert.Equal(144.0 / 48, ImageMetrics.MeanSquaredError(a, b), 12);
        Assert.Equal(10 * Math.Log10(65025 / 3.0), ImageMetrics.Psnr(a, b), 10);
        Assert.Throws<ArgumentException>(() => ImageMetrics.Psnr(a, new Image(4, 5)));
    }
}
