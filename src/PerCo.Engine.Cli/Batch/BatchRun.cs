using System.Diagnostics;
using System.Text.Json.Nodes;
using PerCo.Engine.Cli.Files;
using PerCo.Engine.Cli.Terminal;
using PerCo.Engine.Codec;

namespace PerCo.Engine.Cli.Batch;

/// <summary>
/// Works through files, one by one or some at once: a file that fails is reported and the rest goes on; what is done is
/// logged at once; cancelling ends the run within a step and leaves nothing half-written.
/// </summary>
internal sealed class BatchRun(BatchSettings settings, Messages messages, bool json)
{
    private readonly List<FileReport> _reports = [];
    private RunLog? _log;

    public int Run<T>(InputFiles inputs, OutputPlan plan, IBatchWork<T> work, CancellationToken cancellation)
    {
        if (json && plan.ToStandardOutput)
        {
            throw new UsageException("--json and a file on standard output exclude each other; name a file with -o.");
        }

        CheckLog(plan);
        long start = Stopwatch.GetTimestamp();
        using RunLog? log = _log = settings.Log is null ? null : RunLog.Open(settings.Log);
        foreach ((string input, string error) in inputs.Failures.Concat(plan.Failures))
        {
            Add(new FileReport { Status = FileStatus.Failed, Input = input, Error = error }, null);
        }

        bool cancelled = plan.Jobs.Count > 0 && new ProgressDisplay(messages).Run(
            plan.Jobs.Count, progress => !Work(plan.Jobs, work, progress, cancellation));
        if (inputs.PassedOver > 0)
        {
            messages.Detail($"{inputs.PassedOver} other files in the folders were passed over");
        }

        return Finish(plan.Jobs.Count, cancelled, Stopwatch.GetElapsedTime(start).TotalSeconds);
    }

    // A log that is also an input or an output would be written into it, or replaced by it.
    private void CheckLog(OutputPlan plan)
    {
        if (settings.Log is null)
        {
            return;
        }

        if (settings.Log == StandardStreams.Name)
        {
            throw new UsageException("--log names a file; --json prints on standard output.");
        }

        string log = OutputFile.RealPath(settings.Log);
        foreach (Job job in plan.Jobs)
        {
            if (IsLog(job.Input.Path) || IsLog(job.Output))
            {
                throw new UsageException($"--log {settings.Log} is an input or an output too. Name another file.");
            }
        }

        bool IsLog(string path) => path != StandardStreams.Name && OutputFile.RealPath(path) == log;
    }

    // False where the run was cancelled.
    private bool Work<T>(
        IReadOnlyList<Job> jobs, IBatchWork<T> work, IRunProgress? progress, CancellationToken cancellation)
    {
        try
        {
            var group = new List<(Job Job, T Item)>();
            foreach (Job job in jobs)
            {
                cancellation.ThrowIfCancellationRequested();
                Take(job, group, work, progress, cancellation);
            }

            Flush(group, work, progress, cancellation);
            return true;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return false;
        }
    }

    private void Take<T>(
        Job job, List<(Job Job, T Item)> group, IBatchWork<T> work, IRunProgress? progress,
        CancellationToken cancellation)
    {
        T? item = default;
        bool done = false;
        Exception? error = Error(() =>
        {
            done = IsDone(job, work);
            item = done ? default : work.Load(job);
        });

        // Reports come in the order of the files: what cannot join a group waits until that is done.
        bool over = done || error is not null;
        if (over || (group.Count > 0 && !work.Joins(group[0].Item, item!)))
        {
            Flush(group, work, progress, cancellation);
        }

        if (over)
        {
            progress?.End(worked: error is not null);
            Add(
                error is not null ? Failure(error, job)
                    : new FileReport { Status = FileStatus.Skipped, Input = job.Input.Path, Text = "done already" },
                job.Output);
            return;
        }

        group.Add((job, item!));
        if (group.Count >= work.MostTogether(group[0].Item))
        {
            Flush(group, work, progress, cancellation);
        }
    }

    private void Flush<T>(
        List<(Job Job, T Item)> group, IBatchWork<T> work, IRunProgress? progress, CancellationToken cancellation)
    {
        (Job Job, T Item)[] items = [.. group];
        group.Clear();
        if (items.Length > 0)
        {
            Together(items, work, progress, cancellation);
        }
    }

    private void Together<T>(
        (Job Job, T Item)[] group, IBatchWork<T> work, IRunProgress? progress, CancellationToken cancellation)
    {
        long start = Stopwatch.GetTimestamp();
        string others = group.Length > 1 ? $" and {group.Length - 1} more" : "";
        progress?.Begin(group[0].Job.Input.Relative + others);
        IReadOnlyList<Func<FileReport>> results = [];
        Exception? error = Error(
            () => results = work.Do([.. group.Select(entry => entry.Item)], progress, cancellation));
        if (error is not null && group.Length > 1)
        {
            messages.Note(
                $"{group[0].Job.Input.Path}{others}: {ErrorText.Of(error)} They are worked on one by one instead.");
            work.TooMany(group[0].Item);
            foreach ((Job Job, T Item) entry in group)
            {
                Together([entry], work, progress, cancellation);
            }

            return;
        }

        for (int i = 0; i < group.Length; i++)
        {
            Job job = group[i].Job;
            FileReport? report = null;
            Exception? failed = error ?? Error(() => report = results[i]());
            progress?.End(worked: true);
            Add(
                (report ?? Failure(failed!, job)) with
                {
                    Seconds = Stopwatch.GetElapsedTime(start).TotalSeconds / group.Length,
                },
                job.Output);
        }
    }

    // Whatever went wrong with one file is its own, and the others go on; but not where it is wrong with all of them.
    private static Exception? Error(Action work)
    {
        try
        {
            work();
            return null;
        }
#pragma warning disable CA1031 // Of any type, as long as it is the file's own.
        catch (Exception e) when (e is not (UsageException or SessionException or OperationCanceledException))
#pragma warning restore CA1031
        {
            return e;
        }
    }

    private FileReport Failure(Exception e, Job job)
    {
        messages.Detail(e.ToString());
        return new FileReport { Status = FileStatus.Failed, Input = job.Input.Path, Error = Describe(e, job) };
    }

    private bool IsDone<T>(Job job, IBatchWork<T> work)
    {
        OutputFile.Check(job);
        if (!OutputFile.IsTaken(job.Output))
        {
            return false;
        }

        // Beside a file may lie the original that it was made from, which --force is not meant for.
        if (settings.Output is null && work.Foreign(job) is { } foreign)
        {
            throw new PerCoException($"{job.Output}: exists, but {foreign}. Name another output with -o.");
        }

        if (settings.Force && !settings.Resume)
        {
            return false;
        }

        if (!settings.Resume)
        {
            throw new PerCoException(
                $"{job.Output}: exists already. Name another file, replace it with --force, or skip what is done with "
                + "--resume.");
        }

        string? lacks = work.Lack(job);
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
        bool named = ErrorText.Names(message, job.Input.Path) || ErrorText.Names(message, job.Output)
            || job.Input.IsStandardInput;
        return named ? message : $"{job.Input.Path}: {message}";
    }
}
