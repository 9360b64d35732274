using PerCo.Engine.Backends.Cpu;
using PerCo.Engine.Codec;
using PerCo.Engine.Diffusion;
using PerCo.Engine.Imaging;
using Xunit;

namespace PerCo.Engine.Tests.Codec;

/// <summary>What is predicted against what is taken.</summary>
public class MemoryPlanTests
{
    [Theory]
    [InlineData(320, 200, 128)]
    [InlineData(512, 384, 128)]
    [InlineData(448, 640, 32)]
    public void Activations_are_predicted_within_15_percent(int width, int height, int window)
    {
        using var backend = new CpuBackend();
        using PerCoModel model = PerCoModel.Open(TestPaths.DefaultModel, backend);
        EncodeResult encoded = new PerCoEncoder(model).Encode(
            TestPictures.Meadow(width, height), new EncodeOptions { Caption = "" });
        long encoding = MemoryPlan.ForEncoding(model, width, height, new EncodeOptions { Caption = "" }).Activations;
        DecodeResult decoded = new PerCoDecoder(model).Decode(
            encoded.File, new DecodeOptions { Steps = 1, Guidance = 2, LatentWindow = window });
        long decoding = MemoryPlan.ForDecoding(model, encoded.File, Guidance.Text(2), window).Activations;
        Assert.InRange((double)encoding / Peak(encoded.Stages), 0.85, 1.15);
        Assert.InRange((double)decoding / Peak(decoded.Stages), 0.85, 1.15);

        static long Peak(IEnumerable<StageReport> stages) => stages.Max(stage => stage.PeakBytes);
    }

    [Fact]
    public void Large_pictures_fit_into_6_GiB()
    {
        using var backend = new CpuBackend();
        using PerCoModel model = PerCoModel.Open(TestPaths.DefaultModel, backend);
        PerCoFile file = new PerCoEncoder(model).Encode(
            TestPictures.Meadow(64, 64), new EncodeOptions { Caption = "" }).File with { Width = 4000, Height = 3000 };
        long encoding = MemoryPlan.ForEncoding(model, 4000, 3000, new EncodeOptions()).Total;
        long decoding = MemoryPlan.ForDecoding(model, file, Guidance.Text(2), 128).Total;
        Assert.InRange(encoding, 1L << 30, 4L << 30);
        Assert.InRange(decoding, 2L << 30, 6L << 30);
    }

    [Fact]
    public void Weights_are_counted()
    {
        using var backend = new CpuBackend();
        using PerCoModel model = PerCoModel.Open(TestPaths.DefaultModel, backend);
        model.Vae.LoadEncoder();
        long expected = model.Vae.WeightBytes + model.HyperEncoder(model.Folder.NearestRate(null)).WeightBytes;
        long actual = MemoryPlan.ForEncoding(model, 64, 64, new EncodeOptions { Caption = "" }).Weights;
        Assert.InRange((double)actual / expected, 0.7, 1.15);
    }

    [Fact]
    public void A_limit_that_is_too_low_is_refused_before_anything_runs()
    {
        using var backend = new CpuBackend();
        using PerCoModel model = PerCoModel.Open(TestPaths.DefaultModel, backend);
        Image image = TestPictures.Meadow(100, 80);
        var encode = new EncodeOptions { Caption = "", MemoryLimit = 1 << 20 };
        PerCoException e = Assert.Throws<PerCoException>(() => new PerCoEncoder(model).Encode(image, encode));
        Assert.Contains("Encoding 100x80 pixels takes", e.Message, StringComparison.Ordinal);
        Assert.Contains("limit of 1 MiB", e.Message, StringComparison.Ordinal);
        Assert.Equal(0, backend.Arena.SystemAllocations);

        PerCoFile file = new PerCoEncoder(model).Encode(image, encode with { MemoryLimit = 4L << 30 }).File;
        var decode = new DecodeOptions { Steps = 1, MemoryLimit = 1 << 20 };
        e = Assert.Throws<PerCoException>(() => new PerCoDecoder(model).Decode(file, decode));
        Assert.Contains("Decoding 100x80 pixels takes", e.Message, StringComparison.Ordinal);
        Assert.Equal(
            new PerCoDecoder(model).Decode(file, decode with { MemoryLimit = null }).Image.Pixels,
            new PerCoDecoder(model).Decode(file, decode with { MemoryLimit = 4L << 30 }).Image.Pixels);
        Assert.Throws<ArgumentOutOfRangeException>(
            () => new PerCoDecoder(model).Decode(file, decode with { MemoryLimit = 0 }));
    }
}
