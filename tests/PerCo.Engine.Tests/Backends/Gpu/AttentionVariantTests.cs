using PerCo.Engine.Backends.Gpu;
using PerCo.Engine.Tests.Backends.Gpu.Cuda;
using PerCo.Engine.Tests.Backends.Gpu.Cuda.Machine;
using Xunit;
using static PerCo.Engine.Backends.Trials.OpTrialFactory;

namespace PerCo.Engine.Tests.Backends.Gpu;

/// <summary>Which kernel attends where a device has all of them.</summary>
[Collection(PtxCollection.Name)]
public sealed class AttentionVariantTests
{
    [Theory]
    [InlineData(150, 129, 64, false, "attention_wgmma")]
    [InlineData(150, 128, 64, false, "attention_mma")]
    [InlineData(150, 150, 64, true, "attention_mma")]
    [InlineData(10, 150, 60, false, "attention_mma")]
    [InlineData(10, 150, 88, false, "attention_mma")]
    [InlineData(10, 150, 160, false, "attention")]
    public void The_fastest_that_takes_the_operands(int queries, int keys, int channels, bool causal, string program)
    {
        using var machine = new CudaMachine(new PtxDevice());
        using GpuBackend backend = machine.Open(90, new GpuOptions { Precision = GpuPrecision.Fp16, Check = false });
        foreach (KernelVariant variant in KernelVariants.All)
        {
            backend.Trust(variant);
        }

        backend.Programs = new HashSet<string>();
        _ = Attention(1, 1, queries, keys, channels, causal).Run(backend, GpuPrecision.Fp16);
        Assert.Equal([program], backend.Programs);
    }
}
