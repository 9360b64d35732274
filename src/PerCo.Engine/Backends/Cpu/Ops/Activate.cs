using System.Runtime.CompilerServices;
using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;

namespace PerCo.Engine.Backends.Cpu;

public sealed unsafe partial class CpuBackend
{
    /// <inheritdoc/>
    private protected override void ActivateCore(Tensor x, Activation activation, Tensor result)
    {
        switch (activation)
        {
            case Activation.Silu:
                Activate<SiluActivation>(x, result);
                break;
            case Activation.Gelu:
                Activate<GeluActivation>(x, result);
                break;
            case Activation.QuickGelu:
                Activate<QuickGeluActivation>(x, result);
                break;
            case Activation.Relu:
                Activate<ReluActivation>(x, result);
                break;
            default:
                Activate<IdentityActivation>(x, result);
                break;
        }
    }

    private void Activate<TActivation>(Tensor x, Tensor result)
        where TActivation : struct, IVectorActivation
    {
        long count = x.Shape.Count;
        Pool.For(InstructionSet, SimdParallel.Items(count, SimdParallel.Grain),
            new ActivateBody<TActivation>(x.Values(), result.Values(), count));
    }

    private readonly struct ActivateBody<TActivation>(float* x, float* result, long count) : ISimdBody
        where TActivation : struct, IVectorActivation
    {
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public void Run<S, V>(int item, int worker)
            where S : struct, ISimd<V>
            where V : struct
        {
            long i = (long)item * SimdParallel.Grain, end = Math.Min(count, i + SimdParallel.Grain);
            for (; i < end; i += S.Count)
            {
                V y = TActivation.Apply<S, V>(SimdTail.Load<S, V>(x + i, end - i));
                SimdTail.Store<S, V>(y, result + i, end - i);
            }
        }
    }
}
