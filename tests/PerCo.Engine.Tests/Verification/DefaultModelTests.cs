using PerCo.Engine.Backends;
using PerCo.Engine.Backends.Cpu;
using PerCo.Engine.Verification;
using Xunit;

namespace PerCo.Engine.Tests.Verification;

/// <summary>The installed default model against the cases that its training wrote.</summary>
public class DefaultModelTests
{
    [Fact]
    public void WholePipelineIsAsInPyTorch()
    {
        using Backend backend = new CpuBackend();
        IReadOnlyList<VerificationRow> rows = VerificationRunner.Run(
            TestPaths.Goldens("mini-2"), backend, new VerificationOptions { ModelFolder = TestPaths.DefaultModel });
        Assert.Contains(rows, row => row.Quantity == "parrot picture");
        Assert.Contains(rows, row => row.Quantity == "parrot indices");
        Assert.All(rows, row => Assert.Equal((row.Quantity, Verdict.Pass), (row.Quantity, row.Verdict)));
    }
}
