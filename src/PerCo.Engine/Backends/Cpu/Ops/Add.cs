using System.Runtime.CompilerServices;
using PerCo.Engine.Tensors;

namespace PerCo.Engine.Backends.Cpu;

public sealed unsafe partial class CpuBackend
{
    /// <inheritdoc/>
    private protected override void AddCore(Tensor x, Tensor y, Tensor result)
    {
        // Where y has batch 1, each repetition of it is an addition of its own.
        long period = y.Shape.Count;
        int itemsPerPeriod = SimdParallel.Items(period, SimdParallel.Grain);
        int periods = period == 0 ? 0 : checked((int)(x.Shape.Count / period));
        Pool.For(InstructionSet, checked(periods * itemsPerPeriod),
            new AddBody(x.Values(), y.Values(), result.Values(), period, itemsPerPeriod));
    }

    private readonly struct AddBody(float* x, float* y, float* result, long period, int itemsPerPeriod) : ISimdBody
    {
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public void Run<S, V>(int item, int worker)
            where S : struct, ISimd<V>
            where V : struct
        {
            long offset = item / itemsPerPeriod * period;
            float* a = x + offset;
            float* sum = result + offset;
            long i = (long)(item % itemsPerPeriod) * SimdParallel.Grain, end = Math.Min(period, i + SimdParallel.Grain);
            for (; i < end; i += S.Count)
            {
                V both = S.Add(SimdTail.Load<S, V>(a + i, end - i), SimdTail.Load<S, V>(y + i, end - i));
                SimdTail.Store<S, V>(both, sum + i, end - i);
            }
        }
    }
}
