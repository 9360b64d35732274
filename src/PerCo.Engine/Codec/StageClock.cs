using System.Diagnostics;
using PerCo.Engine.Backends;

namespace PerCo.Engine.Codec;

/// <summary>Runs stages: one at a time on a shared backend, measured, reported and cancellable.</summary>
internal sealed class StageClock(
    PerCoModel model, StagePlan? plan, IProgress<CodecProgress>? progress, CancellationToken cancellation)
{
    private readonly List<StageReport> _reports = [];

    public IReadOnlyList<StageReport> Reports => _reports;

    public T Run<T>(CodecStage stage, Func<T> work)
    {
        cancellation.ThrowIfCancellationRequested();
        progress?.Report(new CodecProgress(stage, 0));
        T result;
        Backend backend = model.Backend;
        lock (backend.Exclusive)
        {
            long start = Stopwatch.GetTimestamp();
            backend.ResetPeak();
            model.BeginStage(stage, plan);
            try
            {
                backend.Cancellation = cancellation;
                result = work();
            }
            finally
            {
                backend.Cancellation = default;
                model.EndStage();
            }

            _reports.Add(new StageReport(stage, Stopwatch.GetElapsedTime(start).TotalSeconds, backend.PeakMemory));
        }

        progress?.Report(new CodecProgress(stage, 1));
        return result;
    }
}
