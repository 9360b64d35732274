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
