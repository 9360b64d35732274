using System.Globalization;
using System.Numerics;

namespace PerCo.Engine.Tensors;

/// <summary>Checks at the borders of stages, so that a wrong picture is never written as a success.</summary>
internal static class StageGuard
{
    /// <summary>Checks that every value is finite and of a plausible size.</summary>
    /// <param name="stage">What made the values, as the message names it, e.g. "VAE decoder".</param>
    /// <param name="values">The values, in any layout.</param>
    /// <param name="maxAbs">The largest plausible magnitude.</param>
    /// <exception cref="PerCoException">A value is NaN, infinite or larger; names it and its index.</exception>
    public static void CheckFinite(string stage, ReadOnlySpan<float> values, float maxAbs)
    {
        int bad = IndexOfBad(values, maxAbs);
        if (bad < 0)
        {
            return;
        }

        float value = values[bad];
        string what = float.IsFinite(value)
            ? string.Create(CultureInfo.InvariantCulture, $"{value}, beyond ±{maxAbs}")
            : value.ToString(CultureInfo.InvariantCulture);
        throw new PerCoException(
            $"{stage}: element {bad} of {values.Length} is {what}, expected finite values within ±"
            + string.Create(CultureInfo.InvariantCulture, $"{maxAbs}. ")
            + "No picture was written. Run 'percoengine verify' on this device: where all is right, the model's "
            + "weights or its scheduler are at fault.");
    }

    /// <summary>The first value that is not within the bound (NaN never is), or −1.</summary>
    private static int IndexOfBad(ReadOnlySpan<float> values, float maxAbs)
    {
        int i = 0;
        Vector<float> bound = new(maxAbs);
        for (; i <= values.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            if (!Vector.LessThanOrEqualAll(Vector.Abs(new Vector<float>(values[i..])), bound))
            {
                break;
            }
        }

        for (; i < values.Length; i++)
        {
            if (!(MathF.Abs(values[i]) <= maxAbs))
            {
                return i;
            }
        }

        return -1;
    }
}
