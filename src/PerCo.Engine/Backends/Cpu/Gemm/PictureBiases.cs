using PerCo.Engine.Tensors;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace PerCo.Engine.Backends.Cpu.Gemm;

/// <summary>The bias of each picture: the weights' own, plus the operand [batch, outputs] where there is one.</summary>
internal readonly unsafe struct PictureBiases : IDisposable
{
    private readonly HostStorage? _storage;

    public PictureBiases(HostArena arena, PackedMatrix matrix, int batch, Tensor? channelBias)
    {
        Values = matrix.Bias;
        if (channelBias is null)
        {
            return;
        }

        Stride = matrix.PaddedColumns;
        _storage = arena.Rent(Stride * batch);
        Values = _storage.Values;
        Span<float> all = _storage.Span;
        for (int b = 0; b < batch; b++)
        {
            Span<float> sum = all.Slice(checked((int)(b * Stride)), matrix.PaddedColumns);
            new ReadOnlySpan<float>(matrix.Bias, sum.Length).CopyTo(sum);
            TensorPrimitives.Add(
                sum[..matrix.Columns], channelBias.Span().Slice(b * matrix.Columns, matrix.Columns), sum);
        }
    }

    /// <summary>[batch] or [1] rows in the order of <see cref="PackedMatrix.Bias"/>.</summary>
    public float* Values { get; }

    /// <summary>Distance between the pictures' rows; 0 where all share one.</summary>
    public long Stride { get; }

    public void Dispose() => _storage?.Release();
}
