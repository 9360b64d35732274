using System.Runtime.CompilerServices;
using PerCo.Engine.Tensors;

namespace PerCo.Engine.Backends.Cpu;

public sealed unsafe partial class CpuBackend
{
    /// <inheritdoc/>
    private protected override void CopyTokensCore(
        ChannelSlice source, int sourceStart, int count, Tensor destination, int destinationStart)
    {
        int from = source.Tensor.Shape.Tokens, to = destination.Shape.Tokens, channels = source.Count;
        for (int b = 0; b < destination.Shape.Batch; b++)
        {
            float* first = source.Values() + ((long)b * from + sourceStart) * source.Stride;
            float* target = destination.Values() + ((long)b * to + destinationStart) * channels;
            Pool.For(SimdParallel.Items(count, SimdParallel.RowsPerItem(channels)),
                new CopyBody(first, source.Stride, target, count, channels));
        }
    }

    /// <summary>An item is a run of tokens.</summary>
    private readonly struct CopyBody(float* source, int stride, float* destination, int count, int channels)
        : IParallelBody
    {
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public void Run(int item, int worker)
        {
            int perItem = SimdParallel.RowsPerItem(channels);
            int start = item * perItem, end = Math.Min(count, start + perItem);
            for (int token = start; token < end; token++)
            {
                new ReadOnlySpan<float>(source + (long)token * stride, channels)
                    .CopyTo(new Span<float>(destination + (long)token * channels, channels));
            }
        }
    }
}
