using Xunit;

namespace PerCo.Engine.Tests.Cli;

/// <summary>Ctrl-C and SIGTERM.</summary>
public sealed class CancelTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [SkippableTheory]
    [InlineData(CliProcess.SigInt)]
    [InlineData(CliProcess.SigTerm)]
    public void A_signal_ends_decoding_within_a_step_and_leaves_no_file(int signal)
    {
        Skip.If(OperatingSystem.IsWindows(), "Signals are sent with POSIX's kill.");
        string file = _folder.File("a.perco"), log = _folder.File("log.jsonl");
        Assert.Equal(0, CliProcess.Run(
            "encode", _folder.Picture("a.png", 96, 96), file, "--no-caption").ExitCode);

        // The log is opened right before the first file; a thousand steps take much longer than the signal.
        using var process = CliProcess.Start(
            "decode", file, "-o", _folder.File("b.png"), "--steps", "1000", "--log", log, "--device", "cpu");
        Assert.True(CliProcess.WaitFor(process, () => File.Exists(log)));
        Thread.Sleep(300);
        Assert.False(process.HasExited, "Decoding ended before it could be cancelled.");
        long start = System.Diagnostics.Stopwatch.GetTimestamp();
        CliProcess.Signal(process, signal);
        Assert.Equal(130, CliProcess.End(process));

        // A step takes some 10 ms; the rest is for machines with other things to do.
        Assert.InRange(System.Diagnostics.Stopwatch.GetElapsedTime(start).TotalSeconds, 0, 10);
        Assert.Equal("percoengine: cancelled; nothing was written.", process.StandardError.ReadToEnd().Trim());
        Assert.Equal(["a.perco", "a.png", "log.jsonl"], _folder.All());
        Assert.Equal("", File.ReadAllText(log));
    }

    [SkippableTheory]
    [InlineData("encode", "-", "-")]
    [InlineData("decode", "-", "-")]
    [InlineData("info", "-")]
    [InlineData("demo", "-")]
    public void A_signal_ends_waiting_for_standard_input(params string[] arguments)
    {
        Skip.If(OperatingSystem.IsWindows(), "Signals are sent with POSIX's kill.");
        using var process = CliProcess.Start(arguments);
        Thread.Sleep(1500);
        Assert.False(process.HasExited, "It did not wait.");
        CliProcess.Signal(process, CliProcess.SigInt);
        Assert.Equal(130, CliProcess.End(process));
        Assert.EndsWith(
            "percoengine: cancelled; nothing was written.", process.StandardError.ReadToEnd().TrimEnd(),
            StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();
}
