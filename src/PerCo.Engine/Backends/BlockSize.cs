using System.Numerics;

namespace PerCo.Engine.Backends;

/// <summary>Sizes of an arena's blocks.</summary>
internal static class BlockSize
{
    /// <summary>
    /// Rounds up to an eighth of a power of two: at most 12.5 % of a block is wasted, and shapes of similar size share
    /// blocks.
    /// </summary>
    /// <param name="bytes">What is needed.</param>
    /// <param name="smallest">The smallest block; all others are multiples of it.</param>
    public static long RoundUp(long bytes, long smallest)
    {
        bytes = Math.Max(smallest, bytes);
        long step = Math.Max(smallest, (long)BitOperations.RoundUpToPowerOf2((ulong)bytes) / 16);
        return checked((bytes + step - 1) / step * step);
    }
}
