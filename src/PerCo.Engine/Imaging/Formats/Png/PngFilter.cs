namespace PerCo.Engine.Imaging.Formats.Png;

/// <summary>The five row filters: each byte less a prediction from its left, upper and upper left neighbours.</summary>
internal static class PngFilter
{
    /// <summary>How many filters there are; they are numbered from 0 as in the file (PNG, section 9.2).</summary>
    public const int Count = 5;

    /// <summary>Turns differences into bytes, in place.</summary>
    /// <param name="filter">0 none, 1 left, 2 up, 3 mean of both, 4 Paeth.</param>
    /// <param name="row">The differences; receives the bytes.</param>
    /// <param name="above">The bytes of the row above, zeros over the first row.</param>
    /// <param name="step">Bytes to the left neighbour.</param>
    public static void Undo(int filter, Span<byte> row, ReadOnlySpan<byte> above, int step)
    {
        above = above[..row.Length];
        int head = Math.Min(step, row.Length);
        switch (filter)
        {
            case 1:
                for (int i = step; i < row.Length; i++)
                {
                    row[i] += row[i - step];
                }

                break;
            case 2:
                for (int i = 0; i < row.Length; i++)
                {
                    row[i] += above[i];
                }

                break;
            case 3:
                for (int i = 0; i < head; i++)
                {
                    row[i] += (byte)(above[i] / 2);
                }

                for (int i = step; i < row.Length; i++)
                {
                    row[i] += (byte)((row[i - step] + above[i]) / 2);
                }

                break;
            case 4:
                for (int i = 0; i < head; i++)
                {
                    row[i] += above[i];
                }

                for (int i = step; i < row.Length; i++)
                {
                    row[i] += Paeth(row[i - step], above[i], above[i - step]);
                }

                break;
            default:
                break;
        }
    }

    /// <summary>Turns bytes into differences.</summary>
    /// <param name="filter">The filter's number.</param>
    /// <param name="row">The bytes.</param>
    /// <param name="above">The bytes of the row above, zeros over the first row.</param>
    /// <param name="step">Bytes to the left neighbour.</param>
    /// <param name="differences">Receives one difference a byte.</param>
    /// <returns>The sum of the differences as signed magnitudes: the smaller, the better it will compress.</returns>
    public static long Apply(
        int filter, ReadOnlySpan<byte> row, ReadOnlySpan<byte> above, int step, Span<byte> differences)
    {
        long cost = 0;
        for (int i = 0; i < row.Length; i++)
        {
            byte left = i < step ? (byte)0 : row[i - step];
            byte up = above[i];
            byte prediction = filter switch
            {
                0 => 0,
                1 => left,
                2 => up,
                3 => (byte)((left + up) / 2),
                _ => Paeth(left, up, i < step ? (byte)0 : above[i - step]),
            };
            byte difference = (byte)(row[i] - prediction);
            differences[i] = difference;
            cost += Math.Abs((int)(sbyte)difference);
        }

        return cost;
    }

    // The neighbour nearest to left + up - upperLeft; ties go to left, then up (PNG, section 9.4).
    private static byte Paeth(byte left, byte up, byte upperLeft)
    {
        int towardsUp = up - upperLeft;
        int towardsLeft = left - upperLeft;
        int distanceLeft = Math.Abs(towardsUp);
        int distanceUp = Math.Abs(towardsLeft);
        int distanceUpperLeft = Math.Abs(towardsUp + towardsLeft);
        if (distanceLeft <= distanceUp && distanceLeft <= distanceUpperLeft)
        {
            return left;
        }

        return distanceUp <= distanceUpperLeft ? up : upperLeft;
    }
}
