using PerCo.Engine.Backends.Cpu;
using Xunit;

namespace PerCo.Engine.Tests.Backends.Cpu;

public sealed class WorkerPoolTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(8)]
    public void RunsEveryItemOnce(int threads)
    {
        using var pool = new WorkerPool(threads);
        for (int count = 0; count < 40; count++)
        {
            var runs = new int[count];
            pool.For(count, i => Interlocked.Increment(ref runs[i]));
            Assert.All(runs, n => Assert.Equal(1, n));
        }
    }

    [Fact]
    public void WorkersAreNumberedAndNeverShared()
    {
        using var pool = new WorkerPool(3);
        var busy = new int[3];
        pool.For(500, new BusyBody(busy));
        Assert.All(busy, n => Assert.Equal(0, n));
    }

    [Fact]
    public void RunsAgainAfterParking()
    {
        using var pool = new WorkerPool(2);
        for (int pause = 0; pause < 30; pause++)
        {
            int sum = 0;
            pool.For(10, i => Interlocked.Add(ref sum, i));
            Assert.Equal(45, sum);
            Thread.Sleep(pause % 3);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void ThrowsWhatAnItemThrowsAndGoesOn(int threads)
    {
        using var pool = new WorkerPool(threads);
        for (int bad = 0; bad < 20; bad++)
        {
            var error = Assert.Throws<PerCoException>(() => pool.For(20, i =>
            {
                if (i == bad)
                {
                    throw new PerCoException("stop");
                }
            }));
            Assert.Equal("stop", error.Message);
        }

        int done = 0;
        pool.For(20, _ => Interlocked.Increment(ref done));
        Assert.Equal(20, done);
    }

    [Fact]
    public void NestedRegionsRunOnTheSameWorker()
    {
        using var pool = new WorkerPool(2);
        int done = 0;
        pool.For(8, _ =>
        {
            int thread = Environment.CurrentManagedThreadId;
            pool.For(5, _ =>
            {
                Assert.Equal(thread, Environment.CurrentManagedThreadId);
                Interlocked.Increment(ref done);
            });
        });
        Assert.Equal(40, done);
    }

    [Fact]
    public void CallersTakeTurns()
    {
        using var pool = new WorkerPool(2);
        var busy = new int[2];
        var callers = Enumerable.Range(0, 4).Select(_ => new Thread(() =>
        {
            for (int i = 0; i < 50; i++)
            {
                pool.For(1 + i % 4, new BusyBody(busy));
            }
        })).ToList();
        callers.ForEach(t => t.Start());
        callers.ForEach(t => t.Join());
        Assert.All(busy, n => Assert.Equal(0, n));
    }

    [Fact]
    public void RefusesWorkAfterDisposal()
    {
        var pool = new WorkerPool(2);
        pool.Dispose();
        pool.Dispose();
        Assert.Throws<ObjectDisposedException>(() => pool.For(2, _ => { }));
    }

    [Fact]
    public void StructBodiesAllocateNothing()
    {
        using var pool = new WorkerPool(2);
        var busy = new int[2];
        pool.For(4, new BusyBody(busy));
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++)
        {
            pool.For(4, new BusyBody(busy));
        }

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    private readonly struct BusyBody(int[] busy) : IParallelBody
    {
        public void Run(int item, int worker)
        {
            if (Interlocked.Increment(ref busy[worker]) != 1)
            {
                throw new InvalidOperationException($"Worker {worker} is used by two at once.");
            }

            Thread.SpinWait(20);
            Interlocked.Decrement(ref busy[worker]);
        }
    }
}
