using System.Runtime.InteropServices;
using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;

namespace PerCo.Engine.Backends.Gpu;

public sealed partial class GpuBackend
{
    /// <inheritdoc/>
    private protected override void EmbedCore(ReadOnlySpan<int> ids, EmbeddingWeights table, Tensor result)
    {
        if (ids.IsEmpty)
        {
            return;
        }

        GpuKernel kernel = Kernel("embed");
        using GpuStorage numbers = _arena.Rent(ids.Length * (long)sizeof(int));
        _device.Write(numbers.Buffer, MemoryMarshal.AsBytes(ids));
        long items = ids.Length * DivideUp(table.Channels, VectorWidth);
        _device.Launch(
            kernel, new GpuGroups(Groups(kernel, items)),
            [
                numbers.Buffer, ((GpuEmbeddingWeights)table).Table, result.Buffer(), table.Channels, ids.Length,
            ]);
    }
}
