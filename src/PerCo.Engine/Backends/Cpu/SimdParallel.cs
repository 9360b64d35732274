using System.Runtime.Intrinsics;

namespace PerCo.Engine.Backends.Cpu;

/// <summary>Work for a <see cref="WorkerPool"/> that is written for any register width.</summary>
internal interface ISimdBody
{
    /// <inheritdoc cref="IParallelBody.Run"/>
    void Run<S, V>(int item, int worker)
        where S : struct, ISimd<V>
        where V : struct;
}

/// <summary>Chooses the width once a region; within it everything is compiled for that width.</summary>
internal static class SimdParallel
{
    /// <summary>
    /// Values an item of element-wise work has at least: 64 KiB, which takes some microseconds. Fixed, so that the
    /// items do not depend on the number of threads.
    /// </summary>
    public const int Grain = 1 << 14;

    /// <summary>Runs items 0 … count − 1 with the registers of <paramref name="set"/>.</summary>
    public static void For<TBody>(this WorkerPool pool, InstructionSet set, int count, TBody body)
        where TBody : struct, ISimdBody
    {
        switch (set)
        {
            case InstructionSet.Avx512:
                pool.For(count, new At<TBody, Simd512, Vector512<float>>(body));
                break;
            case InstructionSet.Avx2:
                pool.For(count, new At<TBody, Simd256, Vector256<float>>(body));
                break;
            default:
                pool.For(count, new At<TBody, Simd128, Vector128<float>>(body));
                break;
        }
    }

    /// <summary>Items of <paramref name="grain"/> that cover <paramref name="count"/>.</summary>
    public static int Items(long count, long grain) => checked((int)((count + grain - 1) / grain));

    /// <summary>
    /// Rows of <paramref name="rowLength"/> values that make an item of about <see cref="Grain"/> values.
    /// </summary>
    public static int RowsPerItem(int rowLength) => Math.Max(1, Grain / Math.Max(1, rowLength));

    private readonly struct At<TBody, S, V>(TBody body) : IParallelBody
        where TBody : struct, ISimdBody
        where S : struct, ISimd<V>
        where V : struct
    {
        public void Run(int item, int worker) => body.Run<S, V>(item, worker);
    }
}
