using PerCo.Engine.Backends.Cpu.Gemm;
using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;

namespace PerCo.Engine.Backends.Cpu;

public sealed unsafe partial class CpuBackend
{
    /// <inheritdoc/>
    protected override void AttentionCore(
        ChannelSlice q, ChannelSlice k, ChannelSlice v, in AttentionSpec spec, Tensor result)
    {
        var operands = new AttentionOperands(q, k, v, spec, result);
        GemmKernels kernels = Kernels;
        var blocks = new AttentionBlocks(operands.Keys, operands.Channels, kernels.Rows);
        HostStorage keys = Arena.Rent(checked(operands.AllHeads * blocks.KeysLength));
        HostStorage values = Arena.Rent(checked(operands.AllHeads * blocks.ValuesLength));
        HostStorage scratch = Arena.Rent(checked(Pool.Threads * AttentionTile.ScratchLength(operands, kernels)));
        try
        {
            Pool.For(checked(operands.AllHeads * blocks.Blocks),
                new AttentionPacking(operands, blocks, keys.Values, values.Values));
            Pool.For(InstructionSet, checked(operands.AllHeads * AttentionTile.QueryBlocks(operands, kernels)),
                new AttentionTile(operands, blocks, kernels, keys.Values, values.Values, scratch.Values));
        }
        finally
        {
            keys.Release();
            values.Release();
            scratch.Release();
        }
    }
}
