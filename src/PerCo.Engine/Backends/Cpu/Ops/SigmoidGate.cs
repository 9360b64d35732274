using System.Runtime.CompilerServices;
using PerCo.Engine.Tensors;

namespace PerCo.Engine.Backends.Cpu;

public sealed unsafe partial class CpuBackend
{
    /// <inheritdoc/>
    private protected override void SigmoidGateCore(Tensor x, Tensor value, Tensor gate, Tensor result)
    {
        long count = x.Shape.Count;
        Pool.For(InstructionSet, SimdParallel.Items(count, SimdParallel.Grain),
            new SigmoidGateBody(x.Values(), value.Values(), gate.Values(), result.Values(), count));
    }

    private readonly struct SigmoidGateBody(float* x, float* value, float* gate, float* result, long count) : ISimdBody
    {
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public void Run<S, V>(int item, int worker)
            where S : struct, ISimd<V>
            where V : struct
        {
            long i = (long)item * SimdParallel.Grain, end = Math.Min(count, i + SimdParallel.Grain);
            for (; i < end; i += S.Count)
            {
                V open = VectorMath.Sigmoid<S, V>(SimdTail.Load<S, V>(gate + i, end - i));
                V gated = S.MultiplyAdd(
                    SimdTail.Load<S, V>(value + i, end - i), open, SimdTail.Load<S, V>(x + i, end - i));
                SimdTail.Store<S, V>(gated, result + i, end - i);
            }
        }
    }
}
