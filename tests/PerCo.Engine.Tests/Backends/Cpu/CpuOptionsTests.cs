using PerCo.Engine.Backends.Cpu;
using Xunit;

namespace PerCo.Engine.Tests.Backends.Cpu;

public sealed class CpuOptionsTests
{
    [Fact]
    public void DefaultsUseTheMachine()
    {
        using var backend = new CpuBackend();
        Assert.Equal(Math.Min(64, Environment.ProcessorCount), backend.Pool.Threads);
        Assert.Equal(InstructionSets.Supported.First(), backend.InstructionSet);
        Assert.False(backend.Options.Strict);
    }

    [Fact]
    public void DescribesItself()
    {
        using var backend = new CpuBackend(
            new CpuOptions { Threads = 1, InstructionSet = InstructionSet.Vector128, Strict = true });
        Assert.Equal("Vector128, 1 thread, strict", backend.Description);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(CpuOptions.MostThreads + 1)]
    public void RefusesNoThreadsAndMoreThanAProcessCanHave(int threads) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new CpuBackend(new CpuOptions { Threads = threads }));

    [Fact]
    public void RefusesAnUnknownInstructionSet() =>
        Assert.Throws<ArgumentOutOfRangeException>(
            () => new CpuBackend(new CpuOptions { InstructionSet = (InstructionSet)77 }));

    [Fact]
    public void KnowsTheLanes()
    {
        Assert.Equal(16, InstructionSet.Avx512.Lanes());
        Assert.Equal(8, InstructionSet.Avx2.Lanes());
        Assert.Equal(4, InstructionSet.Vector128.Lanes());
    }
}
