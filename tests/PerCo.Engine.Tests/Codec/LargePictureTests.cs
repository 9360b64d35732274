using PerCo.Engine.Backends.Cpu;
using PerCo.Engine.Codec;
using PerCo.Engine.Imaging;
using Xunit;

namespace PerCo.Engine.Tests.Codec;

/// <summary>Windows and bands of the whole codec, made small enough for a small picture.</summary>
public class LargePictureTests
{
    private const int Width = 200, Height = 150;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Windows_draw_nearly_the_same_picture(bool codes)
    {
        using var backend = new CpuBackend();
        using PerCoModel model = PerCoModel.Open(TestPaths.DefaultModel, backend);
        Image image = TestPictures.Meadow(Width, Height);
        PerCoFile file = new PerCoEncoder(model).Encode(image, new EncodeOptions { Caption = "", Codes = codes }).File;
        byte[] whole = Decode(128), windows = Decode(16);
        Assert.Equal(windows, Decode(16));
        Assert.NotEqual(whole, windows);
        double difference = whole.Zip(windows, (x, y) => Math.Abs((double)x - y)).Average();
        Assert.InRange(difference, 0, codes ? 25 : 80);

        byte[] Decode(int window) => new PerCoDecoder(model)
            .Decode(file, new DecodeOptions { Steps = 2, LatentWindow = window }).Image.Pixels;
    }

    [Fact]
    public void Bands_draw_the_same_picture()
    {
        using var backend = new CpuBackend();
        using PerCoModel model = PerCoModel.Open(TestPaths.DefaultModel, backend);
        Image image = TestPictures.Meadow(Width, Height);
        (byte[] File, byte[] Pixels) whole = Run(0), bands = Run(1 << 16);
        Assert.Equal(whole.File, bands.File);
        Assert.Equal(whole.Pixels, bands.Pixels);

        (byte[] File, byte[] Pixels) Run(long bandBytes)
        {
            model.Networks.Vae.BandBytes = bandBytes;
            PerCoFile file = new PerCoEncoder(model).Encode(image, new EncodeOptions { Caption = "" }).File;
            return (file.ToBytes(), new PerCoDecoder(model).Decode(file, new DecodeOptions { Steps = 1 }).Image.Pixels);
        }
    }

    [Theory]
    [InlineData(128, WeightPrecision.Auto, false, long.MaxValue)]
    [InlineData(16, WeightPrecision.Auto, false, long.MaxValue)]
    [InlineData(128, WeightPrecision.Auto, false, 0)]
    [InlineData(128, WeightPrecision.Auto, true, 0)]
    [InlineData(128, WeightPrecision.Fp32, false, long.MaxValue)]
    [InlineData(128, WeightPrecision.Fp16, false, 0)]
    [InlineData(16, WeightPrecision.Fp16, false, 0)]
    [InlineData(128, WeightPrecision.Int8, false, 0)]
    public void After_the_first_step_nothing_is_taken_from_the_system(
        int window, WeightPrecision weights, bool strict, long transformed)
    {
        using var backend = new CpuBackend(new CpuOptions
        {
            Weights = weights, Strict = strict, TransformedWeightMemory = transformed,
        });
        using PerCoModel model = PerCoModel.Open(TestPaths.DefaultModel, backend);
        Image image = TestPictures.Meadow(Width, Height);
        PerCoFile file = new PerCoEncoder(model).Encode(image, new EncodeOptions { Caption = "" }).File;
        var counter = new AllocationCounter(backend);
        new PerCoDecoder(model).Decode(
            file, new DecodeOptions { Steps = 4, Guidance = 3, LatentWindow = window }, counter);
        Assert.Equal(4, counter.AfterSteps.Count);
        Assert.True(counter.AfterSteps[0] > 0);
        Assert.All(counter.AfterSteps, count => Assert.Equal(counter.AfterSteps[0], count));
    }

    private sealed class AllocationCounter(CpuBackend backend) : IProgress<CodecProgress>
    {
        public List<long> AfterSteps { get; } = [];

        public void Report(CodecProgress value)
        {
            // A stage begins at 0, and reports 1 once more when it has ended.
            if (value.Stage == CodecStage.Denoise && value.Fraction > 0 && AfterSteps.Count < 4)
            {
                AfterSteps.Add(backend.Arena.SystemAllocations);
            }
        }
    }
}
