using System.Diagnostics;
using PerCo.Engine.Cli.Files;
using PerCo.Engine.Cli.Terminal;

namespace PerCo.Engine.Cli.Batch;

/// <summary>
/// Works through files, one by one or some at once: a file that fails is reported and the rest goes on; cancelling ends
/// the run within a step and leaves nothing half-written.
/// </summary>
/// <typeparam name="T">An input that was read.</typeparam>
internal sealed class BatchLoop<T>(
    IBatchWork<T> work, ExistingOutput existing, BatchReports reports, Messages messages, IRunProgress? progress,
    CancellationToken cancellation)
{
    private readonly List<(Job Job, T Item)> _group = [];

    /// <summary>Works through jobs; false where that was cancelled.</summary>
    public bool Run(IReadOnlyList<Job> jobs)
    {
        try
        {
            foreach (Job job in jobs)
            {
                cancellation.ThrowIfCancellationRequested();
                Take(job);
            }

            Flush();
            return true;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return false;
        }
    }

    private void Take(Job job)
    {
        T? item = default;
        bool done = false;
        Exception? error = Error(() =>
        {
            done = existing.IsDone(job, work);
            item = done ? default : work.Load(job);
        });

        // Reports come in the order of the files: what cannot join a group waits until that is done.
        bool over = done || error is not null;
        if (over || (_group.Count > 0 && !work.Joins(_group[0].Item, item!)))
        {
            Flush();
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

        _group.Add((job, item!));
        if (_group.Count >= work.MostTogether(_group[0].Item))
        {
            Flush();
        }
    }

    private void Flush()
    {
        (Job Job, T Item)[] items = [.. _group];
        _group.Clear();
        if (items.Length > 0)
        {
            Together(items);
        }
    }

    private void Together((Job Job, T Item)[] group)
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
                Together([entry]);
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
        return job.Input.IsStandardInput || ErrorText.Names(message, job.Output)
            ? message : ErrorText.About(job.Input.Path, message);
    }
}
