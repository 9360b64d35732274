using System.Runtime.CompilerServices;

namespace PerCo.Engine.Backends.Cpu;

/// <summary>
/// Softmax over keys that come block by block (Milakov and Gimelshein 2018, "Online normalizer calculation for
/// softmax"; Dao et al. 2022, FlashAttention), for scores [key][query]: a lane is a query, so nothing is summed across
/// lanes, and a query's result depends neither on its neighbours nor on the width.
/// </summary>
internal static unsafe class AttentionSoftmax
{
    /// <summary>Keys that are taken together.</summary>
    public const int KeyMultiple = 4;

    /// <summary>
    /// Replaces scores by 2^(score − max) and adds them to the sums. Where the largest score so far grew, what was
    /// summed before, results included, is scaled down to the new one.
    /// </summary>
    /// <param name="scores">[keys][width]; −∞ where a query does not see a key.</param>
    /// <param name="keys">A multiple of <see cref="KeyMultiple"/>.</param>
    /// <param name="panel">Gives the width, and receives maxima, sums and corrected results.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Add<S, V>(float* scores, int keys, in AttentionPanel panel)
        where S : struct, ISimd<V>
        where V : struct
    {
        int width = panel.Width;
        for (int lane = 0; lane < width; lane += S.Count)
        {
            float* max = panel.Max + lane;
            float* sum = panel.Sum + lane;
            V before = S.Load(max);
            V now = Largest<S, V>(scores + lane, keys, width, before);
            if (!S.AllEqual(before, now))
            {
                V factor = VectorMath.Exp2NonPositive<S, V>(S.Subtract(before, now));
                S.Store(now, max);
                S.Store(S.Multiply(S.Load(sum), factor), sum);
                for (int c = 0; c < panel.Channels; c++)
                {
                    float* value = panel.Result + (long)c * width + lane;
                    S.Store(S.Multiply(S.Load(value), factor), value);
                }
            }

            S.Store(Exponentials<S, V>(scores + lane, keys, width, now, S.Load(sum)), sum);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static V Largest<S, V>(float* scores, int keys, int width, V max)
        where S : struct, ISimd<V>
        where V : struct
    {
        V other = max;
        for (int key = 0; key < keys; key += KeyMultiple)
        {
            float* row = scores + key * width;
            max = S.Max(max, S.Load(row));
            other = S.Max(other, S.Load(row + width));
            max = S.Max(max, S.Load(row + 2 * width));
            other = S.Max(other, S.Load(row + 3 * width));
        }

        return S.Max(max, other);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static V Exponentials<S, V>(float* scores, int keys, int width, V max, V sum)
        where S : struct, ISimd<V>
        where V : struct
    {
        for (int key = 0; key < keys; key += KeyMultiple)
        {
            float* row = scores + key * width;
            V a = VectorMath.Exp2NonPositive<S, V>(S.Subtract(S.Load(row), max));
            V b = VectorMath.Exp2NonPositive<S, V>(S.Subtract(S.Load(row + width), max));
            V c = VectorMath.Exp2NonPositive<S, V>(S.Subtract(S.Load(row + 2 * width), max));
            V d = VectorMath.Exp2NonPositive<S, V>(S.Subtract(S.Load(row + 3 * width), max));
            S.Store(a, row);
            S.Store(b, row + width);
            S.Store(c, row + 2 * width);
            S.Store(d, row + 3 * width);
            sum = S.Add(S.Add(S.Add(S.Add(sum, a), b), c), d);
        }

        return sum;
    }
}
