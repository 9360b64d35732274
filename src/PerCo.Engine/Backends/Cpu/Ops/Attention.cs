using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;

namespace PerCo.Engine.Backends.Cpu;

public sealed unsafe partial class CpuBackend
{
    /// <inheritdoc/>
    private protected override void AttentionCore(
        ChannelSlice q, ChannelSlice k, ChannelSlice v, in AttentionSpec spec, Tensor result)
    {
        var operands = new AttentionOperands(q, k, v, spec, result);
        if (operands.Queries == 1)
        {
            AttendSingly(operands);
        }
        else
        {
            AttendInTiles(operands);
        }
    }

    private void AttendSingly(in AttentionOperands operands)
    {
        HostStorage scratch = Arena.Rent(checked(Pool.Threads * AttentionSingleQuery.ScratchLength(operands)));
        try
        {
            Pool.For(InstructionSet, operands.AllHeads, new AttentionSingleQuery(operands, scratch.Values));
        }
        finally
        {
            scratch.Release();
        }
    }

    private void AttendInTiles(in AttentionOperands operands)
    {
        var blocks = new AttentionBlocks(operands.Keys, operands.Channels, Kernels.Rows);
        var tiles = new AttentionTiles(operands, blocks, Kernels, Pool.Threads);
        HostStorage keys = Arena.Rent(checked(operands.AllHeads * blocks.KeysLength));
        HostStorage values = Arena.Rent(checked(operands.AllHeads * blocks.ValuesLength));
        HostStorage scratch = Arena.Rent(checked(Pool.Threads * tiles.ScratchLength));
        try
        {
            Pool.For(checked(operands.AllHeads * blocks.Blocks),
                new AttentionPacking(operands, blocks, keys.Values, values.Values));
            Pool.For(InstructionSet, checked(operands.AllHeads * tiles.PerHead),
                new AttentionTile(operands, blocks, tiles, Kernels, keys.Values, values.Values, scratch.Values));
        }
        finally
        {
            keys.Release();
            values.Release();
            scratch.Release();
        }
    }
}
