using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using PerCo.Engine.Backends.Cpu;

namespace PerCo.Engine.Peers.Measuring;

/// <summary>What the memory can do at most, in GB/s of all threads together, the best of several runs.</summary>
/// <param name="Read">Reading one array, as a product with a vector does with its matrix.</param>
/// <param name="Triad">a = b + s·c over three arrays, counted as STREAM does: two reads and a write.</param>
internal readonly record struct MemoryBandwidth(double Read, double Triad)
{
    private const int Runs = 8;

    // Together 384 MiB: more than any cache that we know.
    private const int Length = 1 << 25;

    /// <summary>Measures.</summary>
    public static unsafe MemoryBandwidth Measure(int threads)
    {
        using var pool = new WorkerPool(threads);
        nuint bytes = Length * sizeof(float);
        float* a = (float*)NativeMemory.AlignedAlloc(3 * bytes, 4096);
        try
        {
            nint address = (nint)a;

            // Pieces per thread: whoever is slowed down does fewer.
            int pieces = 16 * threads;
            int piece = Length / pieces / 64 * 64;
            pool.For(pieces, i => new Span<float>((float*)address + (3L * i * piece), 3 * piece).Fill(1f / (i + 1)));
            double read = Best(() => pool.For(3 * pieces, i => FmaPeak.Sink = Sum(
                (float*)address + ((long)i * piece), piece)));
            double triad = Best(() => pool.For(pieces, i => AddScaled(
                (float*)address + ((long)i * piece), (float*)address + Length + ((long)i * piece),
                (float*)address + (2L * Length) + ((long)i * piece), piece)));
            double total = 3.0 * pieces * piece * sizeof(float);
            return new MemoryBandwidth(total / read / 1e9, total / triad / 1e9);
        }
        finally
        {
            NativeMemory.AlignedFree(a);
        }
    }

    private static double Best(Action run)
    {
        double best = double.MaxValue;
        for (int i = 0; i < Runs; i++)
        {
            long start = Stopwatch.GetTimestamp();
            run();
            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalSeconds);
        }

        return best;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static unsafe float Sum(float* x, int count)
    {
        Vector<float> s0 = default, s1 = default, s2 = default, s3 = default;
        int width = Vector<float>.Count;
        for (int i = 0; i < count; i += 4 * width)
        {
            s0 += Vector.Load(x + i);
            s1 += Vector.Load(x + i + width);
            s2 += Vector.Load(x + i + (2 * width));
            s3 += Vector.Load(x + i + (3 * width));
        }

        return Vector.Sum(s0 + s1 + s2 + s3);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static unsafe void AddScaled(float* a, float* b, float* c, int count)
    {
        var scale = new Vector<float>(0.5f);
        int width = Vector<float>.Count;
        for (int i = 0; i < count; i += 2 * width)
        {
            Vector.Store(Vector.Load(b + i) + (scale * Vector.Load(c + i)), a + i);
            Vector.Store(Vector.Load(b + i + width) + (scale * Vector.Load(c + i + width)), a + i + width);
        }
    }
}
