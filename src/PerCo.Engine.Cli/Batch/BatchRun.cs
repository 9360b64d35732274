using System.Diagnostics;
using PerCo.Engine.Cli.Files;
using PerCo.Engine.Cli.Terminal;
using PerCo.Engine.Codec;

namespace PerCo.Engine.Cli.Batch;

/// <summary>
/// Works through files, one by one or some at once: a file that fails is reported and the rest goes on; cancelling ends
/// the run within a step and leaves nothing half-written.
/// </summary>
internal sealed class BatchRun(BatchSettings settings, Messages messages, bool json)
{
    private readonly ExistingOutput _existing = new(settings);

    public int Run<T>(InputFiles inputs, OutputPlan plan, IBatchWork<T> work, CancellationToken cancellation)
    {
        if (json && plan.ToStandardOutput)
        {
            throw new UsageException("--json and a file on standard output exclude each other; name a file with -o.");
        }

        if (settings.Log is not null)
        {
            RunLog.CheckApart(settings.Log, plan);
        }

        long start = Stopwatch.GetTimestamp();
        using RunLog? log = settings.Log is null ? null : RunLog.Open(settings.Log);
        var reports = new BatchReports(messages, log, json);
        foreach ((string input, string error) in inputs.Failures.Concat(plan.Failures))
        {
            reports.Add(new FileReport { Status = FileStatus.Failed, Input = input, Error = error }, null);
        }

        bool cancelled = plan.Jobs.Count > 0 && new ProgressDisplay(messages).Run(
            plan.Jobs.Count, progress => !Work(plan.Jobs, work, reports, progress, cancellation));
        if (inputs.PassedOver > 0)
        {
            messages.Detail($"{inputs.PassedOver} other files in the folders were passed over");
        }

        return reports.Finish(plan.Jobs.Count, cancelled, Stopwatch.GetElapsedTime(start).TotalSeconds);
    }

    // False where the run was cancelled.
    private bool Work<T>(
        IReadOnlyList<Job> jobs, IBatchWork<T> work, BatchReports reports, IRunProgress? progress,
        CancellationToken cancellation)
    {
        try
        {
            var group = new List<(Job Job, T Item)>();
            foreach (Job job in jobs)
            {
                cancellation.ThrowIfCancellationRequested();
                Take(job, group, work, reports, progress, cancellation);
            }

            Flush(group, work, reports, progress, cancellation);
            return true;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return false;
        }
    }

    private void Take<T>(
        Job job, List<(Job Job, T Item)> group, IBatchWork<T> work, BatchReports reports, IRunProgress? progress,
        CancellationToken cancellation)
    {
        T? item = default;
        bool done = false;
        Exception? error = Error(() =>
        {
            done = _existing.IsDone(job, work);
            item = done ? default : work.Load(job);
        });

        // Reports come in the order of the files: what cannot join a group waits until that is done.
        bool over = done || error is not null;
        if (over || (group.Count > 0 && !work.Joins(group[0].Item, item!)))
        {
            Flush(group, work, reports, progress, cancellation);
        }

        if (over)
        {
            progress?.End(worked: error is not null);
            reports.Add(
                error is not null ? Failure(error, job)
                    : new FileReport { Status = FileStatus.Skipped, Input = job.Input.Path, Text = "done already" },
                job.Output);
            return;
        }

        group.Add((job, item!));
        if (group.Count >= work.MostTogether(group[0].Item))
        {
            Flush(group, work, reports, progress, cancellation);
        }
    }

    private void Flush<T>(
        List<(Job Job, T Item)> group, IBatchWork<T> work, BatchReports reports, IRunProgress? progress,
        CancellationToken cancellation)
    {
        (Job Job, T Item)[] items = [.. group];
        group.Clear();
        if (items.Length > 0)
        {
            Together(items, work, reports, progress, cancellation);
        }
    }

    private void Together<T>(
        (Job Job, T Item)[] group, IBatchWork<T> work, BatchReports reports, IRunProgress? progress,
        CancellationToken cancellation)
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
                Together([entry], work, reports, progress, cancellation);
            }

            return;
        }

        for (int i = 0; i < group.Length; i++)
        {
            Job job = group[i].Job;
            FileReport? report = null;
            Exception? failed = error ?? Error(() => report = results[i]());
            progress?.End(worked: true);
            reports.Add(
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

    private static string Describe(Exception e, Job job)
    {
        string message = ErrorText.Of(e);
        bool named = ErrorText.Names(message, job.Input.Path) || ErrorText.Names(message, job.Output)
            || job.Input.IsStandardInput;
        return named ? message : $"{job.Input.Path}: {message}";
    }
}
