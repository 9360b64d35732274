using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;

namespace PerCo.Engine.Backends.Gpu;

public sealed partial class GpuBackend
{
    // BLOCK_Q and SLICE of kernels/attention.cl.
    private const int QueryBlock = 32;
    private const int OutputSlice = 128;

    /// <inheritdoc/>
    protected override void AttentionCore(
        ChannelSlice q, ChannelSlice k, ChannelSlice v, in AttentionSpec spec, Tensor result)
    {
        int queries = q.Tensor.Shape.Tokens, channels = q.Count / spec.Heads;
        if (result.Shape.Count == 0)
        {
            return;
        }

        int slices = checked((int)DivideUp(channels, OutputSlice));
        _device.Launch(
            Kernel("attention"),
            new GpuGroups(
                checked((int)DivideUp(queries, QueryBlock)), checked(spec.Heads * slices), q.Tensor.Shape.Batch),
            [
                q.Tensor.Buffer(), k.Tensor.Buffer(), v.Tensor.Buffer(), result.Buffer(), q.Offset, q.Stride, k.Offset,
                k.Stride, v.Offset, v.Stride, queries, k.Tensor.Shape.Tokens,
                Tensors.Ops.Attention.KeyCount(k, spec), spec.Heads, channels, spec.Scale, spec.Causal ? 1 : 0,
            ]);
    }
}
