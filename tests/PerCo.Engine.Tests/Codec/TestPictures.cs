using PerCo.Engine.Imaging;

namespace PerCo.Engine.Tests.Codec;

/// <summary>Small pictures with some structure: a sky, a sun and a meadow with texture.</summary>
internal static class TestPictures
{
    public static Image Meadow(int width, int height)
    {
        var image = new Image(width, height);
        var random = new Random(7);
        for (int y = 0; y < height; y++)
        {
            Span<byte> row = image.Row(y);
            for (int x = 0; x < width; x++)
            {
                bool sky = y < height / 2;
                double dx = x - 0.7 * width, dy = y - 0.25 * height;
                bool sun = dx * dx + dy * dy < 0.01 * width * height;
                int grain = random.Next(24);
                (int r, int g, int b) = sun ? (250, 230, 120) : sky ? (110, 160 + y * 60 / height, 230) : (60, 140, 40);
                row[3 * x] = (byte)Math.Min(255, r + (sky ? 0 : grain));
                row[3 * x + 1] = (byte)Math.Min(255, g + (sky ? 0 : grain));
                row[3 * x + 2] = (byte)b;
            }
        }

        return image;
    }
}
