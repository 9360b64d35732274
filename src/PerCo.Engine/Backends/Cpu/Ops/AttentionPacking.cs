using System.Runtime.CompilerServices;
using PerCo.Engine.Backends.Cpu.Gemm;

namespace PerCo.Engine.Backends.Cpu;

/// <summary>Packs keys and values of one block of keys of one head; see <see cref="AttentionBlocks"/>.</summary>
internal readonly unsafe struct AttentionPacking(
    AttentionOperands operands, AttentionBlocks blocks, float* packedKeys, float* packedValues) : IParallelBody
{
    private const int Chunk = GemmKernels.Chunk;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Run(int item, int worker)
    {
        (int head, int block) = int.DivRem(item, blocks.Blocks);
        int start = block * AttentionBlocks.BlockKeys;
        int count = Math.Min(AttentionBlocks.BlockKeys, operands.Keys - start);
        PackKeys(head, start, count);
        PackValues(head, start, count);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void PackKeys(int head, int start, int count)
    {
        float* to = packedKeys + head * blocks.KeysLength + (long)start * blocks.PackedChannels;
        Strips panels = blocks.KeyPanels(count);
        for (int panel = 0; panel < panels.Count; panel++)
        {
            int first = panels.Start(panel);
            int rows = panels.Length(panel);
            for (int i = 0; i < rows; i++)
            {
                PackKey(operands.Key(head, start + first + i), to + i * Chunk, rows * Chunk);
            }

            to += rows * blocks.PackedChannels;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void PackKey(float* from, float* to, int step)
    {
        int channels = operands.Channels;
        for (int c = 0; c < channels; c += Chunk)
        {
            int n = Math.Min(Chunk, channels - c);
            SmallCopy.Copy(from + c, to, n);
            SmallCopy.Clear(to + n, Chunk - n);
            to += step;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void PackValues(int head, int start, int count)
    {
        float* head0 = packedValues + head * blocks.ValuesLength;
        Strips panels = blocks.ChannelPanels;
        for (int panel = 0; panel < panels.Count; panel++)
        {
            int channel = panels.Start(panel);
            int rows = panels.Length(panel);
            float* to = head0 + blocks.ValuesOffset(channel, rows, start);
            for (int key = 0; key < count; key += Chunk)
            {
                int n = Math.Min(Chunk, count - key);
                if (n < Chunk)
                {
                    new Span<float>(to, rows * Chunk).Clear();
                }

                Transpose.Copy(
                    operands.Value(head, start + key) + channel, operands.ValueStride, n, rows, to, Chunk);
                to += rows * Chunk;
            }
        }
    }
}
