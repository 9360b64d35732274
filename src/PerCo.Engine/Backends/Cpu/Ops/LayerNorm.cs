using System.Runtime.CompilerServices;
using PerCo.Engine.Tensors;

namespace PerCo.Engine.Backends.Cpu;

public sealed unsafe partial class CpuBackend
{
    /// <inheritdoc/>
    private protected override void LayerNormCore(Tensor x, NormWeights weights, float epsilon, Tensor result)
    {
        var w = (HostNormWeights)weights;
        fixed (float* scale = w.Scale, shift = w.Shift)
        {
            Pool.For(InstructionSet, SimdParallel.Items(x.Shape.Rows, SimdParallel.RowsPerItem(w.Channels)),
                new LayerNormBody(x.Values(), scale, shift, result.Values(), x.Shape.Rows, w.Channels, epsilon));
        }
    }

    private readonly struct LayerNormBody(
        float* x, float* scale, float* shift, float* result, long rows, int channels, float epsilon) : ISimdBody
    {
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public void Run<S, V>(int item, int worker)
            where S : struct, ISimd<V>
            where V : struct
        {
            int rowsPerItem = SimdParallel.RowsPerItem(channels);
            long first = (long)item * rowsPerItem, end = Math.Min(rows, first + rowsPerItem);
            for (long row = first; row < end; row++)
            {
                float* values = x + row * channels;
                (double sum, double squares) = RowMoments.Of<S, V>(values, channels);
                double mean = sum / channels;
                double variance = Math.Max(0, squares / channels - mean * mean);
                Normalise<S, V>(values, mean, 1 / Math.Sqrt(variance + epsilon), result + row * channels);
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private void Normalise<S, V>(float* values, double mean, double factor, float* destination)
            where S : struct, ISimd<V>
            where V : struct
        {
            // The mean in two parts: a large one must not cost the digits of the small differences from it.
            float meanHigh = (float)mean;
            V high = S.Create(meanHigh), low = S.Create((float)(mean - meanHigh)), by = S.Create((float)factor);
            for (int c = 0; c < channels; c += S.Count)
            {
                int rest = channels - c;
                V x = SimdTail.Load<S, V>(values + c, rest);
                V normal = S.Multiply(S.Subtract(S.Subtract(x, high), low), by);
                V y = S.MultiplyAdd(
                    normal, SimdTail.Load<S, V>(scale + c, rest), SimdTail.Load<S, V>(shift + c, rest));
                SimdTail.Store<S, V>(y, destination + c, rest);
            }
        }
    }
}
