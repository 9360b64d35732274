using PerCo.Engine.Backends.Cpu.Gemm;

namespace PerCo.Engine.Backends.Cpu;

/// <summary>
/// How keys and values are packed for the kernels, which read the left operand of a product as [k/16][rows][16].
/// </summary>
/// <remarks>
/// Scores are a product of keys [keys, channels] with queries as columns, so a block of keys becomes panels of keys,
/// [block][panel][channels/16][keys of the panel][16]. Results are a product of values [channels, keys] with weights,
/// so channels become panels, [panel][keys/16][channels of the panel][16]. Ends are filled up with zeros.
/// </remarks>
internal readonly struct AttentionBlocks(int keys, int channels, int rows)
{
    /// <summary>
    /// Keys of a block, whose scores stay in the first-level cache: a multiple of the 16 that values are packed by, and
    /// full panels of 14. The same at every width, because the softmax is corrected between blocks.
    /// </summary>
    public const int BlockKeys = 112;

    /// <summary>Number of blocks of keys.</summary>
    public int Blocks => (keys + BlockKeys - 1) / BlockKeys;

    /// <summary>Values that a packed row of channels takes.</summary>
    public int PackedChannels => RoundUp(channels, GemmKernels.Chunk);

    /// <summary>The panels of channels.</summary>
    public Strips ChannelPanels { get; } = new(channels, rows);

    /// <summary>Packed values of the keys of one head.</summary>
    public long KeysLength => (long)keys * PackedChannels;

    /// <summary>Packed values of the values of one head.</summary>
    public long ValuesLength => (long)channels * RoundUp(keys, GemmKernels.Chunk);

    /// <summary>The panels of a block of keys.</summary>
    public Strips KeyPanels(int blockKeys) => new(blockKeys, rows);

    /// <summary>
    /// Where a panel of channels has its values for the keys from <paramref name="key"/>, a multiple of 16, on.
    /// </summary>
    public long ValuesOffset(int channel, int panelChannels, int key) =>
        (long)channel * RoundUp(keys, GemmKernels.Chunk) + (long)key * panelChannels;

    public static int RoundUp(int value, int multiple) => (value + multiple - 1) / multiple * multiple;
}
