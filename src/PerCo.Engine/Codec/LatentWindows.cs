namespace PerCo.Engine.Codec;

/// <summary>
/// Equally long windows that cover a latent in one direction, and how strongly each counts at every position: weights
/// rise and fall where windows overlap, and add up to 1.
/// </summary>
internal sealed class LatentWindows
{
    /// <summary>The share of a window that overlaps the next, at least: 1 / this.</summary>
    private const int OverlapShare = 4;

    private LatentWindows(int length, int[] starts, float[][] weights)
    {
        Length = length;
        Starts = starts;
        Weights = weights;
    }

    /// <summary>Positions of each window.</summary>
    public int Length { get; }

    /// <summary>The first position of each window.</summary>
    public IReadOnlyList<int> Starts { get; }

    /// <summary>Weight of each window at each of its positions.</summary>
    public IReadOnlyList<float[]> Weights { get; }

    /// <summary>Covers <paramref name="extent"/> positions.</summary>
    /// <param name="extent">Positions of the latent.</param>
    /// <param name="window">Wanted length of a window.</param>
    /// <param name="cell">Positions that share a code: windows begin and end between cells.</param>
    public static LatentWindows Cover(int extent, int window, int cell)
    {
        int length = Math.Max(window / cell, 1) * cell;
        if (extent <= length)
        {
            return new LatentWindows(extent, [0], [Enumerable.Repeat(1f, extent).ToArray()]);
        }

        // 1. As few windows as overlap enough, at even distances.
        int overlap = length / OverlapShare;
        int count = (extent - overlap + length - overlap - 1) / (length - overlap);
        var starts = new int[count];
        for (int i = 0; i < count; i++)
        {
            starts[i] = (int)((long)i * (extent - length) / (count - 1)) / cell * cell;
        }

        starts[^1] = extent - length;

        // 2. The further a position is from a window's ends, the more the window counts; then sums of 1.
        var sums = new double[extent];
        for (int i = 0; i < count; i++)
        {
            for (int p = 0; p < length; p++)
            {
                sums[starts[i] + p] += Ramp(p, length, overlap);
            }
        }

        var weights = new float[count][];
        for (int i = 0; i < count; i++)
        {
            weights[i] = new float[length];
            for (int p = 0; p < length; p++)
            {
                weights[i][p] = (float)(Ramp(p, length, overlap) / sums[starts[i] + p]);
            }
        }

        return new LatentWindows(length, starts, weights);
    }

    // A smooth step over the overlap at both ends.
    private static double Ramp(int position, int length, int overlap)
    {
        double t = Math.Min(1, (Math.Min(position, length - 1 - position) + 0.5) / Math.Max(1, overlap));
        return t * t * (3 - 2 * t);
    }
}
