using PerCo.Engine.Backends.Cpu;
using PerCo.Engine.Codec;
using PerCo.Engine.Tests.Backends.Gpu;
using Xunit;

namespace PerCo.Engine.Tests.Codec;

/// <summary>Pictures that are drawn at once, against the same pictures drawn one by one.</summary>
public sealed class DecodeBatchTests
{
    private static readonly DecodeOptions Guided = new() { Steps = 3, Guidance = 2 };

    [Theory]
    [InlineData(true, NoisePredictors.DefaultWindow)]
    [InlineData(true, 8)]
    [InlineData(false, NoisePredictors.DefaultWindow)]
    [InlineData(false, 8)]
    public void On_a_CPU_they_are_equal_to_the_bit(bool codes, int window)
    {
        using var backend = new CpuBackend(new CpuOptions { Threads = 2 });
        using PerCoModel model = PerCoModel.Open(TestPaths.DefaultModel, backend);
        DecodeOptions options = Guided with { LatentWindow = window };
        var decoder = new PerCoDecoder(model);
        DecodeRequest[] requests = Requests(model, codes);
        IReadOnlyList<DecodeResult> together = decoder.DecodeBatch(requests, options);
        Assert.Equal(requests.Length, together.Count);
        for (int i = 0; i < requests.Length; i++)
        {
            DecodeResult alone = decoder.Decode(
                requests[i].File, options with { Seed = requests[i].Seed ?? options.Seed });
            Assert.Equal(alone.Seed, together[i].Seed);
            Assert.Equal(
                (requests[i].File.Width, requests[i].File.Height), (together[i].Image.Width, together[i].Image.Height));
            Assert.Equal(alone.Image.Pixels, together[i].Image.Pixels);
        }

        Assert.NotEqual(together[0].Image.Pixels, together[2].Image.Pixels);
    }

    [Fact]
    public void What_does_not_belong_together_is_refused()
    {
        using var backend = new CpuBackend(new CpuOptions { Threads = 2 });
        using PerCoModel model = PerCoModel.Open(TestPaths.DefaultModel, backend);
        var decoder = new PerCoDecoder(model);
        PerCoFile file = Requests(model, codes: false)[0].File;
        PerCoFile larger = file with { Width = file.Width + 100 };
        PerCoFile guided = file with { GuidanceHundredths = 300 };
        Assert.True(decoder.SharesBatch(file, file with { Width = file.Width - 1, Caption = "x", Seed = 3 }));
        Assert.False(decoder.SharesBatch(file, larger));
        PerCoFile another = file with { ModelIdentity = file.ModelIdentity + 1 };
        Assert.False(decoder.SharesBatch(another, file));
        Assert.True(decoder.SharesBatch(another, file, new DecodeOptions { AnyModel = true }));
        Assert.False(decoder.SharesBatch(file, file with { Steps = 9 }));
        Assert.False(decoder.SharesBatch(file, guided));
        Assert.True(decoder.SharesBatch(file, guided, new DecodeOptions { Guidance = 2 }));
        string error = Assert.Throws<ArgumentException>(
            () => decoder.DecodeBatch([new DecodeRequest(file), new DecodeRequest(larger)])).Message;
        Assert.Contains("one size", error, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => decoder.DecodeBatch([]));
        Assert.Throws<ArgumentException>(() => decoder.DecodeBatch([new DecodeRequest(null!)]));
        Assert.Throws<ArgumentNullException>(() => decoder.DecodeBatch(null!));
        Assert.Throws<PerCoException>(() => decoder.DecodeBatch(
            [new DecodeRequest(file), new DecodeRequest(file with { ModelIdentity = 1 })]));
    }

    [Fact]
    public void A_limit_of_memory_counts_all_of_them()
    {
        using var backend = new CpuBackend(new CpuOptions { Threads = 2 });
        using PerCoModel model = PerCoModel.Open(TestPaths.DefaultModel, backend);
        DecodeRequest[] requests = Requests(model, codes: true);
        DecodeOptions limited = Guided with { MemoryLimit = 8L << 30 };
        MemoryPlan one = MemoryPlanner.ForDecoding(model, requests[..1], limited)!;
        MemoryPlan all = MemoryPlanner.ForDecoding(model, requests, limited)!;
        Assert.True(all.Activations > one.Activations);
        Assert.Contains("3 pictures of", all.ToString(), StringComparison.Ordinal);
    }

    internal static DecodeRequest[] Requests(PerCoModel model, bool codes)
    {
        PerCoFile first = Encode("green leaves", 75);
        PerCoFile second = Encode("", 77);
        return [new DecodeRequest(first), new DecodeRequest(second, 9), new DecodeRequest(first, 5)];

        PerCoFile Encode(string caption, int width) => new PerCoEncoder(model).Encode(
            TestPictures.Meadow(width, 150), new EncodeOptions { Caption = caption, Codes = codes }).File;
    }
}

/// <summary>On a GPU they are recorded as one step.</summary>
[Collection(OpenClCollection.Name)]
public sealed class GpuDecodeBatchTests(OpenClFp32Fixture fixture)
{
    [SkippableFact]
    public void On_a_GPU_they_are_close()
    {
        Assert.NotNull(fixture.Backend);
        using PerCoModel model = PerCoModel.Open(TestPaths.DefaultModel, fixture.Backend);
        var options = new DecodeOptions { Steps = 3, Guidance = 2 };
        var decoder = new PerCoDecoder(model);
        DecodeRequest[] requests = DecodeBatchTests.Requests(model, codes: true);
        IReadOnlyList<DecodeResult> together = decoder.DecodeBatch(requests, options);
        for (int i = 0; i < requests.Length; i++)
        {
            byte[] alone = decoder.Decode(requests[i].File, options with { Seed = requests[i].Seed }).Image.Pixels;
            byte[] pixels = together[i].Image.Pixels;
            Assert.Equal(alone.Length, pixels.Length);
            Assert.InRange(pixels.Zip(alone, (a, b) => Math.Abs(a - b)).Max(), 0, 1);
        }
    }
}
