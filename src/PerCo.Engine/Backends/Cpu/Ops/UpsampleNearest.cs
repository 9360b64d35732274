using System.Runtime.CompilerServices;
using PerCo.Engine.Backends.Reference;
using PerCo.Engine.Tensors;

namespace PerCo.Engine.Backends.Cpu;

public sealed unsafe partial class CpuBackend
{
    /// <inheritdoc/>
    private protected override void UpsampleNearestCore(Tensor x, Tensor result)
    {
        Shape from = x.Shape, to = result.Shape;
        int[] rows = ReferenceBackend.NearestSources(from.Height, to.Height);
        int[] columns = ReferenceBackend.NearestSources(from.Width, to.Width);
        fixed (int* row = rows, column = columns)
        {
            Pool.For(checked(to.Batch * to.Height), new UpsampleBody(
                x.Values(), result.Values(), row, column, from.Height, from.Width, to.Height, to.Width, to.Channels));
        }
    }

    /// <summary>An item is a row of the result.</summary>
    private readonly struct UpsampleBody(
        float* x, float* result, int* rows, int* columns,
        int fromHeight, int fromWidth, int toHeight, int toWidth, int channels) : IParallelBody
    {
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public void Run(int item, int worker)
        {
            (int batch, int y) = int.DivRem(item, toHeight);
            float* source = x + ((long)batch * fromHeight + rows[y]) * fromWidth * channels;
            float* destination = result + (long)item * toWidth * channels;
            for (int column = 0; column < toWidth; column++)
            {
                new ReadOnlySpan<float>(source + (long)columns[column] * channels, channels)
                    .CopyTo(new Span<float>(destination, channels));
                destination += channels;
            }
        }
    }
}
