using System.Text.Json.Nodes;
using PerCo.Engine.Cli.Files;
using PerCo.Engine.Cli.Terminal;
using PerCo.Engine.Codec;

namespace PerCo.Engine.Cli.Batch;

/// <summary>What a run says of its files: lines for people, a log, and one JSON document in the end.</summary>
internal sealed class BatchReports(Messages messages, RunLog? log, bool json)
{
    private readonly List<FileReport> _reports = [];

    /// <summary>Says what became of a file, in the log at once.</summary>
    public void Add(FileReport report, string? output)
    {
        report = report with { Output = output };
        _reports.Add(report);
        log?.Write(report.ToJson());
        string name = output == StandardStreams.Name ? "standard output" : output ?? report.Input;
        switch (report.Status)
        {
            case FileStatus.Failed:
                messages.Error(report.Error!);
                break;
            case FileStatus.Skipped:
                messages.Detail($"{name}: {report.Text}");
                break;
            default:
                messages.Note($"{name}: {report.Text}, {report.Seconds:0.0} s");
                messages.Detail("  " + string.Join(", ", report.Stages.Select(Describe)));
                break;
        }
    }

    /// <summary>Says what became of all of them.</summary>
    /// <param name="jobs">How many there were to do.</param>
    /// <param name="cancelled">Whether the run was ended before.</param>
    /// <param name="seconds">What it took.</param>
    /// <returns>The exit code.</returns>
    public int Finish(int jobs, bool cancelled, double seconds)
    {
        int done = Count(FileStatus.Done), skipped = Count(FileStatus.Skipped), failed = Count(FileStatus.Failed);
        long bytes = _reports.Sum(r => r.Bytes ?? 0);
        if (json)
        {
            JsonText.Print(new JsonObject
            {
                ["files"] = new JsonArray([.. _reports.Select(r => r.ToJson())]),
                ["done"] = done,
                ["skipped"] = skipped,
                ["failed"] = failed,
                ["cancelled"] = cancelled,
                ["bytes"] = bytes,
                ["seconds"] = Math.Round(seconds, 3),
            });
        }

        if (cancelled)
        {
            messages.Error(jobs == 1
                ? "cancelled; nothing was written."
                : $"cancelled after {done + skipped + failed} of {jobs} files; go on with --resume.");
            return ExitCode.Cancelled;
        }

        if (_reports.Count > 1)
        {
            messages.Note(
                $"{_reports.Count} files: {done} done, {skipped} skipped, {failed} failed; {bytes} bytes, "
                + $"{seconds:0.0} s");
        }

        return failed == 0 ? ExitCode.Done : ExitCode.Failed;
    }

    private int Count(FileStatus status) => _reports.Count(r => r.Status == status);

    private static string Describe(StageReport stage) =>
        $"{stage.Stage.ToString().ToLowerInvariant()} {stage.Seconds:0.00} s ({stage.PeakBytes / 1048576.0:0} MiB)";
}
