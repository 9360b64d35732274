using System.Buffers.Binary;
using System.Text.Json;
using PerCo.Engine.Imaging;
using Xunit;

namespace PerCo.Engine.Tests.Imaging;

public sealed class ResamplerTests
{
    [Fact]
    public void EqualsPillow()
    {
        Image source = ImageFormats.Decode(TestImages.Golden("resize-source.ppm"));
        int count = 0;
        foreach ((JsonElement test, Image expected) in TestImages.Cases("resize"))
        {
            ResampleFilter filter = Enum.Parse<ResampleFilter>(test.GetProperty("filter").GetString()!);
            Image actual = Resampler.Resize(source, expected.Width, expected.Height, filter);
            TestImages.AssertEqual(expected, actual, test.ToString());
            count++;
        }

        Assert.Equal(32, count);
    }

    [Fact]
    public void TheSameSizeIsACopy()
    {
        Image source = TestImages.Make(5, 4);
        Image copy = Resampler.Resize(source, 5, 4);
        TestImages.AssertEqual(source, copy, "copy");
        Assert.NotSame(source.Pixels, copy.Pixels);
    }

    [Theory]
    [InlineData(ResampleFilter.Box)]
    [InlineData(ResampleFilter.Bilinear)]
    [InlineData(ResampleFilter.Bicubic)]
    [InlineData(ResampleFilter.Lanczos)]
    public void APlainPictureStaysPlain(ResampleFilter filter)
    {
        Image source = new(17, 5);
        Array.Fill(source.Pixels, (byte)201);
        foreach ((int width, int height) in new[] { (1, 1), (3, 40), (16, 6), (100, 2) })
        {
            Assert.All(Resampler.Resize(source, width, height, filter).Pixels, p => Assert.Equal(201, p));
        }
    }

    [Fact]
    public void BadArguments()
    {
        Image source = TestImages.Make(4, 4);
        Assert.Throws<ArgumentOutOfRangeException>(() => Resampler.Resize(source, 0, 4));
        Assert.Throws<ArgumentOutOfRangeException>(() => Resampler.Resize(source, 4, -1));
        Assert.Throws<ArgumentOutOfRangeException>(() => Resampler.Resize(source, 3, 3, (ResampleFilter)9));
        Assert.Throws<ArgumentOutOfRangeException>(() => Resampler.Resize(source, int.MaxValue, 4));
    }

    /// <summary>
    /// The captioner's pixels in the shared cases are (sample / 255 − mean) / deviation of the picture resized by its
    /// reference processor, so undoing that must give exactly the resized bytes.
    /// </summary>
    [SkippableTheory]
    [InlineData("pixels0", "kodim13.png", 56)]
    [InlineData("pixels1", "kodim15.png", 56)]
    [InlineData("pixels2", "kodim19.png", 56)]
    [InlineData("pixels224", "kodim13.png", 224)]
    public void EqualsTheCaptionersProcessor(string name, string picture, int size)
    {
        Skip.If(TestPaths.Shared is null, "the shared reference cases are not beside the repository");
        float[] mean = [0.48145466f, 0.4578275f, 0.40821073f];
        float[] deviation = [0.26862954f, 0.26130258f, 0.27577711f];
        float[] planes = ReadFloats(Path.Combine(TestPaths.Shared!, "goldens", "blip2", "io.safetensors"), name);
        Assert.Equal(3 * size * size, planes.Length);
        Image source = ImageFormats.Load(Path.Combine(TestPaths.Shared!, "images", picture));
        Image actual = Resampler.Resize(source, size, size, ResampleFilter.Bicubic);
        Image expected = new(size, size);
        for (int i = 0; i < expected.Pixels.Length; i++)
        {
            int channel = i % 3;
            double sample = ((planes[(channel * size * size) + (i / 3)] * deviation[channel]) + mean[channel]) * 255;
            Assert.Equal(Math.Round(sample), sample, 1e-3);
            expected.Pixels[i] = (byte)Math.Round(sample);
        }

        TestImages.AssertEqual(expected, actual, $"{name} from {picture}");
    }

    // safetensors: header length, a JSON header with byte ranges, little-endian data.
    private static float[] ReadFloats(string path, string name)
    {
        byte[] file = File.ReadAllBytes(path);
        int start = (int)BinaryPrimitives.ReadInt64LittleEndian(file) + 8;
        using JsonDocument header = JsonDocument.Parse(file.AsMemory(8, start - 8));
        JsonElement range = header.RootElement.GetProperty(name).GetProperty("data_offsets");
        int from = start + range[0].GetInt32(), to = start + range[1].GetInt32();
        float[] values = new float[(to - from) / sizeof(float)];
        Buffer.BlockCopy(file, from, values, 0, to - from);
        return values;
    }
}
