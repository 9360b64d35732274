using PerCo.Engine.Codec;
using PerCo.Engine.Imaging;
using PerCo.Engine.Tests.Codec;
using Xunit;

namespace PerCo.Engine.Tests.Api;

/// <summary>The README's library example: the same lines, compiled and run.</summary>
public class ReadmeTests
{
    [Fact]
    public void The_example_works()
    {
        Image original = TestPictures.Meadow(64, 48);
        (byte[] rgb, int width, int height, string modelFolder) = (original.Pixels, 64, 48, TestPaths.DefaultModel);

        // README begins
        using PerCoModel model = PerCoModel.Open(modelFolder);

        Image picture = Image.FromRgb(rgb, width, height);  // 3 bytes a pixel, rows from the top
        EncodeResult encoded = new PerCoEncoder(model).Encode(picture);
        byte[] bytes = encoded.File.ToBytes();              // a .perco file

        PerCoFile file = PerCoFile.Parse(bytes);
        DecodeResult decoded = new PerCoDecoder(model).Decode(file, new DecodeOptions { Steps = 5 });
        byte[] pixels = decoded.Image.Pixels;               // width × height × 3 bytes again
        // README ends

        Assert.Equal(rgb.Length, pixels.Length);
        Assert.InRange(bytes.Length, 17, 200);
        Assert.True(ImageMetrics.Psnr(original, decoded.Image) > 8);
        Assert.NotEmpty(file.Caption);
    }

    [Fact]
    public void The_example_is_the_READMEs()
    {
        string source = File.ReadAllText(
            Path.Combine(TestPaths.Root, "tests", "PerCo.Engine.Tests", "Api", "ReadmeTests.cs"));
        string example = Between(source, "// README begins\n", "// README ends");
        string readme = File.ReadAllText(Path.Combine(TestPaths.Root, "README.md"));
        string shown = Between(
            readme, "    using PerCo.Engine.Codec;\n    using PerCo.Engine.Imaging;\n", "\n\nA model");
        Assert.Equal(Lines(example), Lines(shown));
        Assert.InRange(Lines(example).Length, 1, 10);
    }

    private static string Between(string text, string start, string end)
    {
        int from = text.IndexOf(start, StringComparison.Ordinal);
        Assert.True(from >= 0, $"'{start.Trim()}' is missing.");
        int to = text.IndexOf(end, from, StringComparison.Ordinal);
        return text[(from + start.Length)..(to < 0 ? text.Length : to)];
    }

    private static string[] Lines(string text) =>
        [.. text.Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0)];
}
