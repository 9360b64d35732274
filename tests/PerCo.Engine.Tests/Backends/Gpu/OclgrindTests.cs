using PerCo.Engine.Tests.Cli;
using PerCo.Engine.Tests.Hostile;
using Xunit;

namespace PerCo.Engine.Tests.Backends.Gpu;

/// <summary>
/// The OpenCL kernels on a second implementation, Oclgrind: a simulator that looks for races between work-items, for
/// accesses outside of buffers, and for wrong calls of the API.
/// </summary>
public sealed class OclgrindTests : IDisposable
{
    private const string Library = "/usr/lib/oclgrind/liboclgrind-rt-icd.so";

    private readonly TemporaryFolder _folder = new();

    [SkippableTheory]
    [InlineData("fp32")]
    [InlineData("fp16")]
    [InlineData("bf16")]
    public void Kernels_are_right_and_free_of_races(string precision)
    {
        Skip.IfNot(HostileRun.LongTests, "Takes half a minute each; set PERCO_LONG_TESTS=1 to run it.");
        Skip.IfNot(File.Exists(Library), "Oclgrind is absent (Debian and Ubuntu: apt-get install oclgrind)");
        _folder.Text("oclgrind.icd", Library + "\n");
        string environment = $"export OCL_ICD_VENDORS={_folder.Path}/ OCLGRIND_DATA_RACES=1 OCLGRIND_CHECK_API=1";
        var run = CliProcess.Shell(
            $"{environment}; $P verify --device opencl --case ops --precision {precision} --no-cache");
        Assert.True(run.ExitCode == 0, run.Output + run.Error);
        Assert.Contains(" passed, 0 failed, 0 skipped", run.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("race", run.Output + run.Error, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("Oclgrind", run.Output + run.Error, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();
}
