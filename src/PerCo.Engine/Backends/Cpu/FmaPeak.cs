using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace PerCo.Engine.Backends.Cpu;

/// <summary>What the processor can do at most: independent fused multiply-adds in registers.</summary>
internal static class FmaPeak
{
    private const int Chains = 12;

    /// <summary>GFLOP/s of all threads together, the best of several runs.</summary>
    /// <param name="threads">Threads that compute.</param>
    /// <param name="set">Whose vectors; the widest by default.</param>
    public static double Measure(int threads, InstructionSet set = InstructionSet.Auto)
    {
        using var pool = new WorkerPool(threads);
        return Measure(pool, set.Resolve());
    }

    /// <summary>As the other, with threads that exist already.</summary>
    public static double Measure(WorkerPool pool, InstructionSet set)
    {
        const int steps = 2_000_000;
        Func<int, float> run = set switch
        {
            InstructionSet.Avx512 => Run<Simd512, Vector512<float>>,
            InstructionSet.Avx2 => Run<Simd256, Vector256<float>>,
            _ => Run<Simd128, Vector128<float>>,
        };
        double best = double.MaxValue;
        for (int i = 0; i < 8; i++)
        {
            long start = Stopwatch.GetTimestamp();
            pool.For(pool.Threads, _ => Sink = run(steps));
            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalSeconds);
        }

        return 2.0 * pool.Threads * steps * Chains * set.Lanes() / best / 1e9;
    }

    /// <summary>Keeps the results alive.</summary>
    internal static volatile float Sink;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static unsafe float Run<S, V>(int steps)
        where S : struct, ISimd<V>
        where V : struct
    {
        V a = S.Create(0.999f), b = S.Create(0.0001f);
        V c0 = a, c1 = b, c2 = a, c3 = b, c4 = a, c5 = b;
        V c6 = a, c7 = b, c8 = a, c9 = b, c10 = a, c11 = b;
        for (int i = 0; i < steps; i++)
        {
            c0 = S.MultiplyAdd(c0, a, b);
            c1 = S.MultiplyAdd(c1, a, b);
            c2 = S.MultiplyAdd(c2, a, b);
            c3 = S.MultiplyAdd(c3, a, b);
            c4 = S.MultiplyAdd(c4, a, b);
            c5 = S.MultiplyAdd(c5, a, b);
            c6 = S.MultiplyAdd(c6, a, b);
            c7 = S.MultiplyAdd(c7, a, b);
            c8 = S.MultiplyAdd(c8, a, b);
            c9 = S.MultiplyAdd(c9, a, b);
            c10 = S.MultiplyAdd(c10, a, b);
            c11 = S.MultiplyAdd(c11, a, b);
        }

        V sum = S.Add(
            S.Add(S.Add(S.Add(c0, c1), S.Add(c2, c3)), S.Add(c4, c5)),
            S.Add(S.Add(S.Add(c6, c7), S.Add(c8, c9)), S.Add(c10, c11)));
        float* lanes = stackalloc float[S.Count];
        S.Store(sum, lanes);
        return lanes[0];
    }
}
