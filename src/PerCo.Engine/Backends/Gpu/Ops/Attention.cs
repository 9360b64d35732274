using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;

namespace PerCo.Engine.Backends.Gpu;

public sealed partial class GpuBackend
{
    // BLOCK_Q and SLICE of kernels/attention.cl.
    private const int QueryBlock = 32;
    private const int OutputSlice = 128;

    // Channels of a head, keys of a block and queries of a group that attention_wgmma.cl takes, and what its copies
    // are multiples of.
    private const int WgmmaHead = 64;
    private const int WgmmaKeys = 128;
    private const int WgmmaQueries = 128;
    private const int CopiedValues = 8;

    // Channels of a head that attention_mma.cl's kernels take.
    private const int MmaHead = 64;
    private const int WideMmaHead = 128;

    /// <inheritdoc/>
    private protected override void AttentionCore(
        ChannelSlice q, ChannelSlice k, ChannelSlice v, in AttentionSpec spec, Tensor result)
    {
        AttentionSpec how = spec; // Functions below cannot reach a parameter by reference.
        int queries = q.Tensor.Shape.Tokens, channels = q.Count / how.Heads;
        if (result.Shape.Count == 0)
        {
            return;
        }

        int keys = Tensors.Ops.Attention.KeyCount(k, how);
        if (Uses(KernelVariants.AttentionWgmma) && channels <= WgmmaHead && keys > WgmmaKeys && !how.Causal
            && (channels | q.Offset | q.Stride | k.Offset | k.Stride | v.Offset | v.Stride) % CopiedValues == 0)
        {
            Launch("attention_wgmma", "attention_wgmma", Groups(WgmmaQueries));
            return;
        }

        if (Uses(KernelVariants.AttentionMma) && channels <= WideMmaHead)
        {
            // QUERIES of kernels/attention_mma.cl: narrow heads leave registers for twice the queries.
            (string kernel, int block) = channels <= MmaHead ? ("attention_mma", 128) : ("attention_mma_wide", 64);
            Launch("attention_mma", kernel, Groups(block));
            return;
        }

        int slices = checked((int)DivideUp(channels, OutputSlice));
        Launch(
            "attention", "attention",
            new GpuGroups(checked((int)DivideUp(queries, QueryBlock)), checked(how.Heads * slices), Batch()));

        int Batch() => q.Tensor.Shape.Batch;

        GpuGroups Groups(int block) => new((int)DivideUp(queries, block), how.Heads, Batch());

        void Launch(string program, string kernel, GpuGroups groups) => _device.Launch(
            Kernel(program, kernel), groups,
            [
                q.Tensor.Buffer(), k.Tensor.Buffer(), v.Tensor.Buffer(), result.Buffer(), q.Offset, q.Stride, k.Offset,
                k.Stride, v.Offset, v.Stride, queries, k.Tensor.Shape.Tokens,
                keys, how.Heads, channels, how.Scale, how.Causal ? 1 : 0,
            ]);
    }
}
