using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace PerCo.Engine.Backends.Cpu;

/// <summary>Work that a <see cref="WorkerPool"/> splits: a struct, so that nothing is allocated or called virtually.</summary>
internal interface IParallelBody
{
    /// <summary>Does one item.</summary>
    /// <param name="item">0 … count − 1. What an item computes must not depend on who does it, or when.</param>
    /// <param name="worker">0 … threads − 1, for scratch memory; two items never run on one worker at once.</param>
    void Run(int item, int worker);
}

/// <summary>
/// Threads that live as long as the backend. They spin from one op of a forward pass to the next, which makes a region
/// cost well under a microsecond, and park when nothing comes for a while. Items are handed out one by one in order, so
/// whoever is slowed down does fewer; results do not depend on it because items are independent.
/// </summary>
internal sealed unsafe class WorkerPool : IDisposable
{
    /// <summary>Longer than the serial gaps within a forward pass, shorter than anyone would notice on a battery.</summary>
    private static readonly long SpinTicks = Stopwatch.Frequency / 5000;

    /// <summary>Spins between two looks at the clock, or two offers to let another thread run.</summary>
    private const int SpinsPerCheck = 256;

    [ThreadStatic]
    private static WorkerPool? _current;

    [ThreadStatic]
    private static int _currentWorker;

    private readonly Thread[] _threads;
    private readonly AutoResetEvent[] _wake;
    private readonly int[] _parked;
    private readonly Lock _region = new();

    // The region in progress; written before _generation, which publishes it.
    private delegate*<void*, int, int, void> _invoke;
    private void* _body;
    private int _count;
    private PaddedCounter _next;
    private PaddedCounter _pending;
    private PaddedCounter _generation;
    private ExceptionDispatchInfo? _error;
    private volatile bool _stop;

    /// <summary>Starts <paramref name="threads"/> − 1 threads; the caller of <see cref="For{TBody}"/> is the last.</summary>
    public WorkerPool(int threads)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        Threads = threads;
        _threads = new Thread[threads - 1];
        _wake = new AutoResetEvent[threads - 1];
        _parked = new int[threads - 1];
        for (int i = 0; i < _threads.Length; i++)
        {
            int worker = i + 1;
            _wake[i] = new AutoResetEvent(false);
            _threads[i] = new Thread(() => Work(worker)) { IsBackground = true, Name = $"PerCo worker {worker}" };
            _threads[i].Start();
        }
    }

    /// <summary>Threads that compute, the caller's among them.</summary>
    public int Threads { get; }

    /// <summary>
    /// Runs all items and returns when they are done. Within an item it runs the inner items one after the other on the
    /// same worker; a second thread waits for the first one's region. The first exception stops the rest and is thrown.
    /// </summary>
    public void For<TBody>(int count, TBody body)
        where TBody : struct, IParallelBody
    {
        if (_current == this || Threads == 1 || count <= 1)
        {
            RunInline(count, ref body);
            return;
        }

        lock (_region)
        {
            ObjectDisposedException.ThrowIf(_stop, this);
            // The body lies in this frame, which outlives the region.
            _body = Unsafe.AsPointer(ref body);
            _invoke = &Invoke<TBody>;
            _count = count;
            _error = null;
            _next.Value = -1;
            Volatile.Write(ref _pending.Value, _threads.Length);
            Interlocked.Increment(ref _generation.Value);
            WakeParked();
            RunItems(0);
            WaitForOthers();
            _body = null;
            _error?.Throw();
        }
    }

    /// <summary>For work that is too rare for the cost of a delegate to matter.</summary>
    public void For(int count, Action<int> body) => For(count, new DelegateBody(body));

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_region)
        {
            if (_stop)
            {
                return;
            }

            _stop = true;
            Interlocked.Increment(ref _generation.Value);
            WakeParked();
        }

        foreach (Thread thread in _threads)
        {
            thread.Join();
        }

        foreach (AutoResetEvent wake in _wake)
        {
            wake.Dispose();
        }
    }

    private static void Invoke<TBody>(void* body, int item, int worker)
        where TBody : struct, IParallelBody => Unsafe.AsRef<TBody>(body).Run(item, worker);

    private void RunInline<TBody>(int count, ref TBody body)
        where TBody : struct, IParallelBody
    {
        if (_current == this)
        {
            for (int i = 0; i < count; i++)
            {
                body.Run(i, _currentWorker);
            }

            return;
        }

        lock (_region)
        {
            ObjectDisposedException.ThrowIf(_stop, this);
            WorkerPool? outer = Enter(0, out int outerWorker);
            try
            {
                for (int i = 0; i < count; i++)
                {
                    body.Run(i, 0);
                }
            }
            finally
            {
                _current = outer;
                _currentWorker = outerWorker;
            }
        }
    }

    private WorkerPool? Enter(int worker, out int outerWorker)
    {
        WorkerPool? outer = _current;
        outerWorker = _currentWorker;
        _current = this;
        _currentWorker = worker;
        return outer;
    }

    private void RunItems(int worker)
    {
        WorkerPool? outer = Enter(worker, out int outerWorker);
        try
        {
            for (int i = Interlocked.Increment(ref _next.Value); i < _count; i = Interlocked.Increment(ref _next.Value))
            {
                _invoke(_body, i, worker);
            }
        }
        catch (Exception error)
        {
            Interlocked.CompareExchange(ref _error, ExceptionDispatchInfo.Capture(error), null);
            Volatile.Write(ref _next.Value, _count);
        }
        finally
        {
            _current = outer;
            _currentWorker = outerWorker;
        }
    }

    private void Work(int worker)
    {
        int seen = 0;
        while (true)
        {
            WaitForNext(worker, seen);
            seen = Volatile.Read(ref _generation.Value);
            if (_stop)
            {
                return;
            }

            RunItems(worker);
            Interlocked.Decrement(ref _pending.Value);
        }
    }

    private void WaitForNext(int worker, int seen)
    {
        long start = 0;
        for (int spins = 1; Volatile.Read(ref _generation.Value) == seen; spins++)
        {
            Thread.SpinWait(1);
            if (spins % SpinsPerCheck != 0)
            {
                continue;
            }

            long now = Stopwatch.GetTimestamp();
            start = start == 0 ? now : start;
            if (now - start > SpinTicks)
            {
                Park(worker - 1, seen);
                return;
            }
        }
    }

    // Either the flag is seen by the caller, who then sets the event, or the new generation is seen here.
    private void Park(int index, int seen)
    {
        Interlocked.Exchange(ref _parked[index], 1);
        if (Volatile.Read(ref _generation.Value) == seen || Interlocked.Exchange(ref _parked[index], 0) == 0)
        {
            _wake[index].WaitOne();
        }
    }

    private void WakeParked()
    {
        for (int i = 0; i < _parked.Length; i++)
        {
            if (Volatile.Read(ref _parked[i]) != 0 && Interlocked.Exchange(ref _parked[i], 0) != 0)
            {
                _wake[i].Set();
            }
        }
    }

    private void WaitForOthers()
    {
        for (int spins = 1; Volatile.Read(ref _pending.Value) != 0; spins++)
        {
            Thread.SpinWait(1);
            if (spins % SpinsPerCheck == 0)
            {
                // Where the processors are shared, the worker may be waiting for this very one.
                Thread.Yield();
            }
        }
    }

    private readonly struct DelegateBody(Action<int> body) : IParallelBody
    {
        public void Run(int item, int worker) => body(item);
    }

    /// <summary>On a pair of cache lines of its own: neighbours that others write would slow every claim.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct PaddedCounter
    {
        [FieldOffset(128)]
        public int Value;
    }
}
