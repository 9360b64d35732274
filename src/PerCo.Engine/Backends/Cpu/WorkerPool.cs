using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace PerCo.Engine.Backends.Cpu;

/// <summary>
/// Threads that live as long as the backend. They spin from one op of a forward pass to the next, which makes a region
/// cost well under a microsecond, and park when nothing comes for a while. Items are handed out one by one in order, so
/// whoever is slowed down does fewer, and a worker that does not get a processor in time is not waited for; results do
/// not depend on it because items are independent.
/// </summary>
internal sealed unsafe class WorkerPool : IDisposable
{
    /// <summary>
    /// Longer than the serial gaps within a forward pass, shorter than anyone would notice on a battery.
    /// </summary>
    private static readonly long SpinTicks = Stopwatch.Frequency / 5000;

    /// <summary>Spins between two looks at the clock, or two offers to let another thread run.</summary>
    private const int SpinsPerCheck = 256;

    private const long Region = 1L << 32;
    private const long Open = 1L << 31;
    private const long Inside = Open - 1;

    [ThreadStatic]
    private static WorkerPool? _current;

    [ThreadStatic]
    private static int _currentWorker;

    private readonly Thread[] _threads;
    private readonly AutoResetEvent[] _wake;
    private readonly int[] _parked;
    private readonly Lock _region = new();

    // The region in progress; written while no worker is inside, before _state opens it.
    private delegate*<void*, int, int, void> _invoke;
    private void* _body;
    private int _count;
    private PaddedCounter _next;

    // Number of the region · 2³², plus Open while it can be entered, plus the number of workers inside.
    private PaddedCounter _state;
    private ExceptionDispatchInfo? _error;
    private volatile bool _stop;

    /// <summary>
    /// Starts <paramref name="threads"/> − 1 threads; the caller of <see cref="For{TBody}"/> is the last.
    /// </summary>
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

    /// <summary>Looked at before each item, so that the longest of ops ends within one.</summary>
    public CancellationToken Cancellation { get; set; }

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
            long region = (_state.Value & ~(Open | Inside)) + Region;
            Interlocked.Exchange(ref _state.Value, region | Open);
            Wake(count - 1);
            RunItems(0);
            Interlocked.And(ref _state.Value, ~Open);
            WaitForWorkers();
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
            Interlocked.MemoryBarrier();
            Wake(_threads.Length);
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
                    Cancellation.ThrowIfCancellationRequested();
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
            long count = _count;
            for (long i = Interlocked.Increment(ref _next.Value); i < count; i = Interlocked.Increment(ref _next.Value))
            {
                Cancellation.ThrowIfCancellationRequested();
                _invoke(_body, (int)i, worker);
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
        long last = 0;
        while (WaitForRegion(worker, ref last))
        {
            RunItems(worker);
            Interlocked.Decrement(ref _state.Value);
        }
    }

    // Enters the next region and returns true; false to stop.
    private bool WaitForRegion(int worker, ref long last)
    {
        long start = 0;
        for (int spins = 1; !_stop; spins++)
        {
            long state = Volatile.Read(ref _state.Value);
            if (IsNew(state, last))
            {
                if (Interlocked.CompareExchange(ref _state.Value, state + 1, state) == state)
                {
                    last = state & ~(Open | Inside);
                    return true;
                }

                continue;
            }

            Thread.SpinWait(1);
            if (spins % SpinsPerCheck == 0)
            {
                long now = Stopwatch.GetTimestamp();
                start = start == 0 ? now : start;
                if (now - start > SpinTicks)
                {
                    Park(worker - 1, last);
                    start = 0;
                }
                else
                {
                    Thread.Yield();
                }
            }
        }

        return false;
    }

    private static bool IsNew(long state, long last) => (state & Open) != 0 && (state & ~(Open | Inside)) != last;

    // Either the flag is seen by the caller, who then sets the event, or the new region is seen here.
    private void Park(int index, long last)
    {
        Interlocked.Exchange(ref _parked[index], 1);
        bool go = IsNew(Volatile.Read(ref _state.Value), last) || _stop;
        if (!go || Interlocked.Exchange(ref _parked[index], 0) == 0)
        {
            _wake[index].WaitOne();
        }
    }

    private void Wake(int workers)
    {
        for (int i = 0; i < _parked.Length && i < workers; i++)
        {
            if (Volatile.Read(ref _parked[i]) != 0 && Interlocked.Exchange(ref _parked[i], 0) != 0)
            {
                _wake[i].Set();
            }
        }
    }

    private void WaitForWorkers()
    {
        for (int spins = 1; (Volatile.Read(ref _state.Value) & Inside) != 0; spins++)
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
        public long Value;
    }
}
