using PerCo.Engine.Backends.Gpu;
using PerCo.Engine.Backends.Gpu.OpenCl;
using PerCo.Engine.Cli.Bench;
using PerCo.Engine.Cli.Terminal;
using PerCo.Engine.Tests.Backends.Gpu;
using PerCo.Engine.Tests.Backends.Gpu.Trust;
using Xunit;

namespace PerCo.Engine.Tests.Cli;

/// <summary>bench --ladder.</summary>
[Collection(OpenClCollection.Name)]
public sealed class LadderCommandTests(OpenClFp32Fixture fixture)
{
    [Fact]
    public void A_processor_has_no_ladder()
    {
        var run = CliProcess.Run("bench", "--ladder", "--device", "cpu");
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("kernels for GPUs, and cpu is none: choose one by", run.Error, StringComparison.Ordinal);
    }

    [SkippableFact]
    public void Nothing_is_timed_where_a_rung_is_wrong()
    {
        Assert.NotNull(fixture.Backend);
        IGpuDriver driver = new FaultyDriver(new OpenClDriver(), new Fault(Program: "ladder/3_tiles"));
        using GpuBackend backend = GpuBackend.Open(
            driver, driver.Enumerate()[0], new GpuOptions { Precision = GpuPrecision.Fp32, Check = false });
        var error = Assert.Throws<PerCoException>(() => LadderBench.Run(
            backend, quick: true, kernel: "s", repeats: 1, BenchFormat.Csv, new Messages(quiet: true, verbose: false),
            CancellationToken.None));
        Assert.Contains("3_tiles is wrong at 33x50->70 (", error.Message, StringComparison.Ordinal);
        Assert.Contains("one of 4 wrong results of 20: nothing is timed", error.Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public void Rungs_are_compared_and_timed_and_those_that_cannot_run_say_why()
    {
        Assert.NotNull(fixture.Backend);
        var run = CliProcess.Run(
            "bench", "--ladder", "--quick", "--repeats", "1", "--device", "opencl", "--precision", "fp32", "--csv",
            "--kernel", "l");
        Assert.Equal(0, run.ExitCode);
        Assert.Contains("all results match", run.Error, StringComparison.Ordinal);
        string[] rows = [.. run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1)];
        Assert.Equal(
            ["3_tiles", "6_linear", "8_linear_mma", "9_linear_wgmma"], rows.Select(row => row.Split(',')[2]));
        Assert.Contains(",ok,,,a group shares tiles of 16x16", rows[0], StringComparison.Ordinal);
        Assert.Matches(@",ok,,\d+\.\d{3},""linear\.cl, ", rows[1]);
        Assert.All(rows[2..], row => Assert.EndsWith(
            ",left out,,,\"left out: needs fp16 or bf16, not fp32\"", row.Trim(), StringComparison.Ordinal));
    }
}
