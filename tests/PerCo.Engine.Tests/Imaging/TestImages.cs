using System.Text.Json;
using PerCo.Engine.Imaging;
using Xunit;

namespace PerCo.Engine.Tests.Imaging;

/// <summary>Pictures and golden cases for the tests of this folder.</summary>
internal static class TestImages
{
    /// <summary>A picture with gradients, edges and noise, the same for the same arguments.</summary>
    public static Image Make(int width, int height, int seed = 1)
    {
        Image image = new(width, height);
        Random random = new(seed);
        for (int y = 0; y < height; y++)
        {
            Span<byte> row = image.Row(y);
            for (int x = 0; x < width; x++)
            {
                row[3 * x] = (byte)((x * 5) + random.Next(4));
                row[(3 * x) + 1] = (byte)((y * 7) + random.Next(4));
                row[(3 * x) + 2] = (byte)((x / 4 + y / 4) % 2 == 0 ? 240 : random.Next(256));
            }
        }

        return image;
    }

    /// <summary>A file of tests/goldens/imaging.</summary>
    public static byte[] Golden(string relative) => File.ReadAllBytes(GoldenPath(relative));

    /// <summary>The path of a file of tests/goldens/imaging.</summary>
    public static string GoldenPath(string relative) => TestPaths.Goldens(Path.Combine("imaging", relative));

    /// <summary>The cases that make_goldens.py listed under a name, each with the picture it expects.</summary>
    public static IEnumerable<(JsonElement Case, Image Expected)> Cases(string name)
    {
        using JsonDocument list = JsonDocument.Parse(Golden(name + ".json"));
        byte[] all = Golden(name + ".bin");
        foreach (JsonElement element in list.RootElement.EnumerateArray())
        {
            int width = element.GetProperty("width").GetInt32();
            int height = element.GetProperty("height").GetInt32();
            int offset = element.GetProperty("offset").GetInt32();
            yield return (element.Clone(), new Image(width, height, all[offset..(offset + (width * height * 3))]));
        }
    }

    /// <summary>Asserts equal size and pixels, naming the first difference.</summary>
    public static void AssertEqual(Image expected, Image actual, string what) => AssertNear(expected, actual, 0, what);

    /// <summary>Asserts equal size, and samples that differ by no more than so much.</summary>
    public static void AssertNear(Image expected, Image actual, int tolerance, string what)
    {
        Assert.True(
            (expected.Width, expected.Height) == (actual.Width, actual.Height),
            $"{what}: expected {expected.Width} × {expected.Height}, got {actual.Width} × {actual.Height}");
        for (int i = 0; i < expected.Pixels.Length; i++)
        {
            if (Math.Abs(expected.Pixels[i] - actual.Pixels[i]) > tolerance)
            {
                int x = i / 3 % expected.Width, y = i / 3 / expected.Width;
                Assert.Fail($"{what}: ({x}, {y}) {"RGB"[i % 3]} expected {expected.Pixels[i]}, got {actual.Pixels[i]}");
            }
        }
    }

    /// <summary>Asserts that decoding fails, at that field and byte.</summary>
    public static void AssertRefused(
        byte[] file, string field, long offset, string inMessage = "", ImageLimits? limits = null)
    {
        ImageFormatException e = Assert.Throws<ImageFormatException>(() => ImageFormats.Decode(file, limits));
        Assert.True(
            e.Field == field && e.Offset == offset && e.Message.Contains(inMessage),
            $"expected {field} at byte {offset} with '{inMessage}', got: {e.Message}");
        Assert.DoesNotContain('\n', e.Message);
        Assert.Contains(e.Field, e.Message);
        Assert.Contains(e.Offset.ToString(), e.Message);
    }
}
