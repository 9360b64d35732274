using PerCo.Engine.Backends.Gpu;
using PerCo.Engine.Codec;
using PerCo.Engine.Tests.Backends.Gpu;
using Xunit;

namespace PerCo.Engine.Tests.Codec;

/// <summary>What is predicted of a device's memory against what is held.</summary>
[Collection(OpenClCollection.Name)]
public sealed class GpuMemoryPlanTests(OpenClFp32Fixture fixture)
{
    private static readonly DecodeOptions Unguided = new() { Guidance = 1 };

    [SkippableFact]
    public void Bands_are_taken_where_the_whole_does_not_fit()
    {
        Assert.NotNull(fixture.Backend);
        using PerCoModel model = PerCoModel.Open(TestPaths.DefaultModel, fixture.Backend);
        PerCoFile file = new PerCoEncoder(model).Encode(
            TestPictures.Meadow(64, 64), new EncodeOptions { Caption = "", Codes = false }).File;
        PerCoFile large = file with { Width = 3072, Height = 2048 };
        GpuMemoryPlan whole = Plan(long.MaxValue);
        GpuMemoryPlan banded = Plan(whole.Total - 1);
        Assert.Equal((128, 0), (whole.LatentWindow, whole.BandBytes));
        Assert.True(banded.BandBytes > 0);
        Assert.InRange(banded.Total, 1, whole.Total - 1);
        string error = Assert.Throws<PerCoException>(() => Plan(1 << 20)).Message;
        Assert.Contains("3072x2048", error, StringComparison.Ordinal);
        Assert.Contains("the device has 1 MiB", error, StringComparison.Ordinal);

        GpuMemoryPlan Plan(long memory) => GpuMemoryPlanner.ForDecoding(
            model, [new DecodeRequest(large)], DrawingSettings.Of(model, large, Unguided), 128, memory);
    }

    [SkippableFact]
    public void A_batch_is_as_large_as_fits()
    {
        Assert.NotNull(fixture.Backend);
        using PerCoModel model = PerCoModel.Open(TestPaths.DefaultModel, fixture.Backend);
        PerCoFile file = new PerCoEncoder(model).Encode(
            TestPictures.Meadow(256, 192), new EncodeOptions { Caption = "" }).File;
        DrawingSettings settings = DrawingSettings.Of(model, file, new DecodeOptions { Guidance = 2 });
        long some = Plan(23).Total, all = Plan(24).Total;
        Assert.InRange(some, Plan(1).Total + 1, all - 1);
        Assert.Equal(24, GpuMemoryPlanner.LargestBatch(model, settings, 128, 24, all));
        Assert.Equal(23, GpuMemoryPlanner.LargestBatch(model, settings, 128, 24, all - 1));
        Assert.Equal(1, GpuMemoryPlanner.LargestBatch(model, settings, 128, 24, 1));
        var error = Assert.Throws<PerCoException>(() => Plan(24, 1 << 20));
        Assert.Contains("24 pictures of 256x192", error.Message, StringComparison.Ordinal);
        Assert.Contains("fewer pictures at once", error.Message, StringComparison.Ordinal);
        Assert.Equal([Remedy.FewerPictures, Remedy.Fp16, Remedy.Cpu], error.Remedies);

        GpuMemoryPlan Plan(int pictures, long memory = long.MaxValue) => GpuMemoryPlanner.ForDecoding(
            model, [.. Enumerable.Repeat(new DecodeRequest(file), pictures)], settings, 128, memory);
    }

    [SkippableFact]
    public void Encoding_is_planned_too()
    {
        Assert.NotNull(fixture.Backend);
        using PerCoModel model = PerCoModel.Open(TestPaths.DefaultModel, fixture.Backend);
        var codesAlone = new EncodeOptions { Caption = "" };
        GpuMemoryPlan whole = GpuMemoryPlanner.ForEncoding(model, 3072, 2048, codesAlone, long.MaxValue);
        GpuMemoryPlan banded = GpuMemoryPlanner.ForEncoding(model, 3072, 2048, codesAlone, whole.Total - 1);
        Assert.Equal(0, whole.BandBytes);
        Assert.True(banded.BandBytes > 0);
        Assert.InRange(banded.Total, 1, whole.Total - 1);
        var captionAlone = new EncodeOptions { Codes = false };
        Assert.True(GpuMemoryPlanner.ForEncoding(model, 64, 64, captionAlone, long.MaxValue).Weights > 0);
        string error = Assert.Throws<PerCoException>(
            () => GpuMemoryPlanner.ForEncoding(model, 3072, 2048, codesAlone, 1 << 20)).Message;
        Assert.Contains("encoding 3072x2048 pixels takes", error, StringComparison.Ordinal);
        Assert.Contains("the device has 1 MiB", error, StringComparison.Ordinal);
    }

    [SkippableFact]
    public void What_is_held_in_the_end_is_what_was_planned()
    {
        Assert.NotNull(fixture.Backend);
        var lines = new List<string>();
        using var backend = GpuBackend.Open(
            "opencl", null, new GpuOptions { Precision = GpuPrecision.Fp16, Check = false, Detail = lines.Add });
        using PerCoModel model = PerCoModel.Open(TestPaths.DefaultModel, backend);
        PerCoFile file = new PerCoEncoder(model).Encode(
            TestPictures.Meadow(64, 64), new EncodeOptions { Caption = "", Codes = false }).File;
        var guided = new DecodeOptions { Steps = 3, Guidance = 2 };
        lines.Clear();
        GpuMemoryPlan plan = GpuMemoryPlanner.ForDecoding(
            model, [new DecodeRequest(file)], DrawingSettings.Of(model, file, guided), 128);
        new PerCoDecoder(model).Decode(file, guided);
        string decoding = Assert.Single(lines, line => line.StartsWith("decoding", StringComparison.Ordinal));
        Assert.Contains(plan.ToString(), decoding, StringComparison.Ordinal);

        // Freed blocks of other sizes are kept until memory is short: more may be held than is used at once.
        Assert.InRange(backend.Hardware.Held, plan.Weights, 2 * plan.Total);
        Assert.InRange(backend.PeakMemory, plan.Activations / 2, 2 * plan.Activations);
    }
}
