using System.Diagnostics;
using PerCo.Engine.Cli.Files;
using PerCo.Engine.Cli.Terminal;

namespace PerCo.Engine.Cli.Batch;

/// <summary>
/// A run over files: logs and reports what <see cref="BatchLoop{T}"/> makes of them, and ends with an exit code.
/// </summary>
internal sealed class BatchRun(BatchSettings settings, Messages messages, bool json)
{
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
            plan.Jobs.Count,
            progress => !new BatchLoop<T>(work, new ExistingOutput(settings), reports, messages, progress, cancellation)
                .Run(plan.Jobs));
        if (inputs.PassedOver > 0)
        {
            messages.Detail($"{inputs.PassedOver} other files in the folders were passed over");
        }

        return reports.Finish(plan.Jobs.Count, cancelled, Stopwatch.GetElapsedTime(start).TotalSeconds);
    }
}
