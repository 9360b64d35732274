using PerCo.Engine.Backends.Gpu;
using PerCo.Engine.Codec;
using PerCo.Engine.Diffusion;
using PerCo.Engine.Tests.Backends.Gpu;
using Xunit;

namespace PerCo.Engine.Tests.Codec;

/// <summary>What is predicted of a device's memory against what is held.</summary>
[Collection(OpenClCollection.Name)]
public sealed class GpuMemoryPlanTests(OpenClFp32Fixture fixture)
{
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

        GpuMemoryPlan Plan(long memory) => GpuMemoryPlan.ForDecoding(model, large, Guidance.None, 128, memory);
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
        GpuMemoryPlan plan = GpuMemoryPlan.ForDecoding(model, file, Guidance.Text(2), 128);
        new PerCoDecoder(model).Decode(file, new DecodeOptions { Steps = 3, Guidance = 2 });
        Assert.Contains(plan.ToString(), Assert.Single(lines), StringComparison.Ordinal);

        // Freed blocks of other sizes are kept until memory is short: more may be held than is used at once.
        Assert.InRange(backend.Hardware.Held, plan.Weights, 2 * plan.Total);
        Assert.InRange(backend.PeakMemory, plan.Activations / 2, 2 * plan.Activations);
    }
}
