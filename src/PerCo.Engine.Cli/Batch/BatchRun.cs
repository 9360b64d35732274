using System.Diagnostics;
using System.Text.Json.Nodes;
using PerCo.Engine.Cli.Files;
using PerCo.Engine.Cli.Terminal;
using PerCo.Engine.Codec;

namespace PerCo.Engine.Cli.Batch;

/// <summary>
/// Works through files one by one: a file that fails is reported and the rest goes on; what is done is logged at once;
/// cancelling ends the run within a step and leaves nothing half-written.
/// </summary>
internal sealed class BatchRun(BatchSettings settings, Messages messages, bool json)
{
    private readonly List<FileReport> _reports = [];
    private RunLog? _log;

    /// <summary>Makes the file of a job and reports it; seconds and names are filled in here.</summary>
    public delegate FileReport Work(Job job, IProgress<CodecProgress>? progress, CancellationToken cancellation);

    /// <summary>Why an existing output is not what a job would make, or null where it is whole.</summary>
    public delegate string? Lack(Job job);

    public int Run(InputFiles inputs, OutputPlan plan, Work work, Lack lack, CancellationToken cancellation)
    {
        if (json && plan.ToStandardOutput)
        {
            throw new UsageException("--json and a file on standard output exclude each other; name a file with -o.");
        }

        long start = Stopwatch.GetTimestamp();
        using RunLog? log = _log = settings.Log is null ? null : RunLog.Open(settings.Log);
        foreach ((string input, string error) in inputs.Failures.Concat(plan.Failures))
        {
            Add(new FileReport { Status = FileStatus.Failed, Input = input, Error = error }, null);
        }

        bool cancelled = plan.Jobs.Count > 0 && new ProgressDisplay(messages).Run(plan.Jobs.Count, progress =>
        {
            foreach (Job job in plan.Jobs)
            {
                if (cancellation.IsCancellationRequested || !Step(job, work, lack, progress, cancellation))
                {
                    return true;
                }
            }

            return false;
        });
        if (inputs.PassedOver > 0)
        {
            messages.Detail($"{inputs.PassedOver} other files in the folders were passed over");
        }

        return Finish(plan.Jobs.Count, cancelled, Stopwatch.GetElapsedTime(start).TotalSeconds);
    }

    // False where the run was cancelled.
    private bool Step(
        Job job, Work work, Lack lack, IRunProgress? progress, CancellationToken cancellation)
    {
        long start = Stopwatch.GetTimestamp();
        progress?.Begin(job.Input.Relative);
        FileReport report;
        bool done = false;
        try
        {
            done = IsDone(job, lack);
            report = done
                ? new FileReport { Status = FileStatus.Skipped, Input = job.Input.Path, Text = "done already" }
                : work(job, progress, cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return false;
        }
#pragma warning disable CA1031 // Whatever went wrong with one file is its own; the others go on.
        catch (Exception e) when (e is not UsageException)
#pragma warning restore CA1031
        {
            messages.Detail(e.ToString());
            report = new FileReport { Status = FileStatus.Failed, Input = job.Input.Path, Error = Describe(e, job) };
        }

        progress?.End(worked: !done);
        Add(report with { Seconds = Stopwatch.GetElapsedTime(start).TotalSeconds }, job.Output);
        return true;
    }

    private bool IsDone(Job job, Lack lack)
    {
        OutputFile.Check(job);
        if (!OutputFile.IsTaken(job.Output) || (settings.Force && !settings.Resume))
        {
            return false;
        }

        if (!settings.Resume)
        {
            throw new PerCoException(
                $"{job.Output}: exists already. Name another file, replace it with --force, or skip what is done with "
                + "--resume.");
        }

        string? lacks = lack(job);
        if (lacks is not null && !settings.Force)
        {
            throw new PerCoException($"{job.Output}: exists, but {lacks}. Replace it with --force.");
        }

        return lacks is null;
    }

    private void Add(FileReport report, string? output)
    {
        report = report with { Output = output };
        _reports.Add(report);
        _log?.Write(report.ToJson());
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

    private int Finish(int jobs, bool cancelled, double seconds)
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

    private static string Describe(Exception e, Job job)
    {
        string message = ErrorText.Of(e);
        bool named = message.StartsWith(job.Input.Path, StringComparison.Ordinal)
            || message.StartsWith(job.Output, StringComparison.Ordinal) || job.Input.IsStandardInput;
        return named ? message : $"{job.Input.Path}: {message}";
    }
}
