namespace PerCo.Engine.Codec;

/// <summary>
/// Runs long computations off the thread pool: seconds of arithmetic on a pool thread would starve the tasks of the
/// program that calls.
/// </summary>
internal static class DedicatedThread
{
    /// <summary>Runs work on a thread of its own.</summary>
    public static Task<T> Run<T>(Func<T> work, CancellationToken cancellation)
    {
        var completion = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() =>
        {
            try
            {
                completion.SetResult(work());
            }
            catch (OperationCanceledException)
            {
                completion.SetCanceled(cancellation);
            }
#pragma warning disable CA1031 // Whatever goes wrong belongs to the task.
            catch (Exception e)
#pragma warning restore CA1031
            {
                completion.SetException(e);
            }
        })
        {
            IsBackground = true,
            Name = "PerCo.Engine",
        };
        thread.Start();
        return completion.Task;
    }
}
