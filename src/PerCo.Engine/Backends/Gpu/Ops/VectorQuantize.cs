using System.Runtime.InteropServices;
using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;

namespace PerCo.Engine.Backends.Gpu;

public sealed partial class GpuBackend
{
    /// <inheritdoc/>
    private protected override void VectorQuantizeCore(
        Tensor x, CodebookWeights codebook, Span<int> indices, Span<float> margins)
    {
        if (indices.IsEmpty)
        {
            return;
        }

        using GpuStorage found = _arena.Rent(indices.Length * (long)sizeof(int));
        using GpuStorage gaps = _arena.Rent(indices.Length * (long)sizeof(float));
        _device.Launch(
            Kernel("vector_quantize"), new GpuGroups(indices.Length),
            [
                x.Buffer(), ((GpuCodebookWeights)codebook).Codes, found.Buffer, gaps.Buffer, codebook.Channels,
                codebook.Entries,
            ]);
        _device.Read(found.Buffer, MemoryMarshal.AsBytes(indices));
        _device.Read(gaps.Buffer, MemoryMarshal.AsBytes(margins));
    }
}
