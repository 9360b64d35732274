using PerCo.Engine.Imaging;
using Xunit;

namespace PerCo.Engine.Tests.Imaging;

/// <summary>MS-SSIM against training/evaluate/metrics.py, which is torch in double precision.</summary>
public class MultiScaleSsimTests
{
    [Theory]
    [InlineData(161, 161, 0.9353744559339917, 0.8768142407676649)]
    [InlineData(200, 177, 0.932728976721822, 0.8807307365494093)]
    [InlineData(256, 170, 0.9312488685565804, 0.8865359312849687)]
    public void Values_are_torch_s(int width, int height, double noisy, double smoothed)
    {
        Image smooth = Make(width, height, (_, _, _, value) => value);
        Image textured = Make(width, height, Texture);
        Image other = Make(width, height, (x, y, c, value) =>
            Math.Clamp(Texture(x, y, c, value) + (x * 5 + y * 3 + c) % 41 - 20, 0, 255));
        Assert.Equal(noisy, ImageMetrics.MsSsim(textured, other)!.Value, 1e-5);
        Assert.Equal(smoothed, ImageMetrics.MsSsim(textured, smooth)!.Value, 1e-5);
        Assert.Equal(noisy, ImageMetrics.MsSsim(other, textured)!.Value, 1e-5);
        Assert.Equal(1, ImageMetrics.MsSsim(other, other)!.Value, 1e-6);
    }

    [Fact]
    public void Small_pictures_have_none_and_sizes_must_agree()
    {
        Assert.Null(ImageMetrics.MsSsim(new Image(160, 300), new Image(160, 300)));
        Assert.Throws<ArgumentException>(() => ImageMetrics.MsSsim(new Image(170, 170), new Image(171, 170)));
        Assert.Throws<ArgumentNullException>(() => ImageMetrics.MsSsim(null!, new Image(170, 170)));
    }

    private static int Texture(int x, int y, int c, int value) =>
        Math.Clamp(value + (x * 7 + y * 13 + c * 31 + x * y / 16) % 64 - 32, 0, 255);

    private static Image Make(int width, int height, Func<int, int, int, int, int> sample)
    {
        var image = new Image(width, height);
        for (int i = 0; i < image.Pixels.Length; i++)
        {
            int c = i % 3, x = i / 3 % width, y = i / 3 / width;
            int value = (int)Math.Clamp(128 + 90 * Math.Sin(0.07 * x + c) * Math.Cos(0.05 * y), 0, 255);
            image.Pixels[i] = (byte)sample(x, y, c, value);
        }

        return image;
    }
}
