using PerCo.Engine.Backends.Gpu;
using PerCo.Engine.Backends.Gpu.Cuda;
using PerCo.Engine.Backends.Trials;
using PerCo.Engine.Tests.Backends.Gpu.Cuda.Machine;
using Xunit;

namespace PerCo.Engine.Tests.Backends.Gpu.Cuda;

/// <summary>Every rung's committed PTX, executed; races are found.</summary>
[Collection(PtxCollection.Name)]
public sealed class PtxLadderTests(PtxFp32Fixture fp32, PtxWgmmaFixture fp16, PtxMmaFixture bf16)
{
    public static TheoryData<string, GpuPrecision> Rungs
    {
        get
        {
            var data = KernelLadderTests.RungsIn(GpuPrecision.Fp32, GpuPrecision.Fp16);
            data.Add("7_mma", GpuPrecision.Bf16);
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Rungs))]
    public void Results_are_those_of_the_reference(string rung, GpuPrecision precision)
    {
        BackendFixture fixture = precision switch
        {
            GpuPrecision.Fp32 => fp32,
            GpuPrecision.Fp16 => fp16,
            _ => bf16,
        };
        KernelLadderTests.Check((GpuBackend)fixture.Backend, rung);
    }

    /// <summary>A barrier that is missing is a race, and the wait for copies is needed.</summary>
    [Theory]
    [InlineData("3_tiles", "bar.sync")]
    [InlineData("4_registers", "bar.sync")]
    [InlineData("5_vectors", "bar.sync")]
    [InlineData("7_mma", "bar.sync")]
    [InlineData("7_mma", "cp.async.wait_group")]
    public void Without_its_waits_a_rung_is_wrong(string rung, string instruction)
    {
        using var machine = new CudaMachine(new PtxDevice())
        {
            Edit = text => string.Join('\n', text.Split('\n').Where(line =>
                !line.Contains(instruction, StringComparison.Ordinal))),
        };
        using GpuBackend backend = machine.Open(
            80, new GpuOptions { Precision = GpuPrecision.Fp16, Check = false });
        OpTrial trial = KernelLadder.Rungs.Single(one => one.Name == rung).Trial(KernelLadder.OddShapes[0]);
        Assert.Throws<CudaException>(() => trial.Run(backend, GpuPrecision.Fp16));
        Assert.Matches("unordered|nobody|under way", machine.Fault);
    }
}
