namespace PerCo.Engine.Imaging;

/// <summary>Samples of any range to 8 bits.</summary>
internal static class SampleScale
{
    /// <summary>
    /// value · alpha + white · (1 − alpha), brought from 0 … <paramref name="most"/> to 0 … 255 and rounded once.
    /// </summary>
    /// <param name="value">The sample.</param>
    /// <param name="alpha">Its opacity, in the same range.</param>
    /// <param name="most">The value of full intensity and of full opacity, 1 to 65535.</param>
    public static byte OverWhite(int value, int alpha, int most)
    {
        if (alpha == most)
        {
            return most == 255 ? (byte)value : (byte)(((value * 510L) + most) / (2L * most));
        }

        long scaled = ((long)value * alpha) + ((long)most * (most - alpha));
        long whole = (long)most * most;
        return (byte)(((scaled * 510) + whole) / (2 * whole));
    }
}
