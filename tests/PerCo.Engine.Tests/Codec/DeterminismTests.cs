using PerCo.Engine.Backends.Cpu;
using PerCo.Engine.Codec;
using PerCo.Engine.Imaging;
using Xunit;

namespace PerCo.Engine.Tests.Codec;

/// <summary>The same bytes and the same pixels, however often and with however many threads.</summary>
public class DeterminismTests
{
    private const int Width = 70, Height = 53;

    [Fact]
    public void Encoding_gives_the_same_bytes_at_any_thread_count()
    {
        Image image = TestPictures.Meadow(Width, Height);
        byte[] first = Encode(image, 1);
        Assert.Equal(first, Encode(image, 1));
        Assert.Equal(first, Encode(image, 2));
        Assert.Equal(first, Encode(image, 3));
    }

    [Fact]
    public void Decoding_gives_the_same_pixels_at_any_thread_count()
    {
        PerCoFile file = PerCoFile.Parse(Encode(TestPictures.Meadow(Width, Height), 2));
        byte[] first = Decode(file, 1);
        Assert.Equal(Width * Height * 3, first.Length);
        Assert.Equal(first, Decode(file, 1));
        Assert.Equal(first, Decode(file, 2));
        Assert.Equal(first, Decode(file, 3));
    }

    [Fact]
    public void Another_seed_draws_another_picture()
    {
        PerCoFile file = PerCoFile.Parse(Encode(TestPictures.Meadow(Width, Height), 2));
        Assert.NotEqual(Decode(file, 2), Decode(file with { Seed = 1 }, 2));
    }

    private static byte[] Encode(Image image, int threads)
    {
        using var backend = new CpuBackend(new CpuOptions { Threads = threads });
        using PerCoModel model = PerCoModel.Open(TestPaths.DefaultModel, backend);
        return new PerCoEncoder(model).Encode(image).File.ToBytes();
    }

    private static byte[] Decode(PerCoFile file, int threads)
    {
        using var backend = new CpuBackend(new CpuOptions { Threads = threads });
        using PerCoModel model = PerCoModel.Open(TestPaths.DefaultModel, backend);
        return new PerCoDecoder(model).Decode(file, new DecodeOptions { Steps = 3 }).Image.Pixels;
    }
}
