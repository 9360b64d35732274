using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

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
    /// What a score may exceed the subtracted one by, in powers of 2, before that is raised: sums stay far from the
    /// ends of fp32, and results are seldom scaled after the first blocks.
    /// </summary>
    public const float Headroom = 8;

    /// <summary>
    /// Replaces scores by 2^(score − max) and adds them to the sums. Where a score exceeds max by more than
    /// <see cref="Headroom"/>, it is the new one, and what was summed before, results included, is scaled down to it.
    /// </summary>
    /// <param name="scores">[keys][width]; −∞ where a query does not see a key.</param>
    /// <param name="keys">A multiple of <see cref="KeyMultiple"/>.</param>
    /// <param name="panel">Gives the width, and receives maxima, sums and corrected results.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Add<S, V>(float* scores, int keys, in AttentionPanel panel)
        where S : struct, ISimd<V>
        where V : struct
    {
        for (int lane = 0; lane < panel.Width; lane += S.Count)
        {
            Correct<S, V>(scores + lane, keys, panel, lane);
        }

        if (panel.Width == 2 * S.Count)
        {
            ExponentialsOfTwo<S, V>(scores, keys, panel.Max, panel.Sum);
        }
        else
        {
            Exponentials<S, V>(scores, keys, panel.Max, panel.Sum);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Correct<S, V>(float* scores, int keys, in AttentionPanel panel, int lane)
        where S : struct, ISimd<V>
        where V : struct
    {
        int width = panel.Width;
        float* max = panel.Max + lane;
        float* sum = panel.Sum + lane;
        V before = S.Load(max);
        V largest = Largest<S, V>(scores, keys, width, before);
        V room = S.Subtract(S.Add(before, S.Create(Headroom)), largest);
        V now = S.SelectNegative(room, largest, before);
        if (S.AllEqual(before, now))
        {
            return;
        }

        V factor = VectorMath.Exp2Clipped<S, V>(S.Subtract(before, now));
        S.Store(now, max);
        S.Store(S.Multiply(S.Load(sum), factor), sum);
        for (int c = 0; c < panel.Channels; c++)
        {
            float* value = panel.Result + (long)c * width + lane;
            S.Store(S.Multiply(S.Load(value), factor), value);
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

    // Panels of two vectors. The keys of a lane are summed one by one, as below and for a single query, so that the
    // width makes no difference.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ExponentialsOfTwo<S, V>(float* scores, int keys, float* max, float* sum)
        where S : struct, ISimd<V>
        where V : struct
    {
        V left = S.Load(max), right = S.Load(max + S.Count);
        V leftSum = S.Load(sum), rightSum = S.Load(sum + S.Count);
        for (float* row = scores, end = scores + 2 * keys * S.Count; row < end; row += 4 * S.Count)
        {
            V a = S.Subtract(S.Load(row), left), b = S.Subtract(S.Load(row + S.Count), right);
            V c = S.Subtract(S.Load(row + 2 * S.Count), left), d = S.Subtract(S.Load(row + 3 * S.Count), right);
            Exp2<S, V>(ref a, ref b, ref c, ref d);
            S.Store(a, row);
            S.Store(b, row + S.Count);
            S.Store(c, row + 2 * S.Count);
            S.Store(d, row + 3 * S.Count);
            leftSum = S.Add(S.Add(leftSum, a), c);
            rightSum = S.Add(S.Add(rightSum, b), d);
        }

        S.Store(leftSum, sum);
        S.Store(rightSum, sum + S.Count);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Exponentials<S, V>(float* scores, int keys, float* max, float* sum)
        where S : struct, ISimd<V>
        where V : struct
    {
        V largest = S.Load(max);
        V total = S.Load(sum);
        for (float* row = scores, end = scores + keys * S.Count; row < end; row += KeyMultiple * S.Count)
        {
            V a = S.Subtract(S.Load(row), largest), b = S.Subtract(S.Load(row + S.Count), largest);
            V c = S.Subtract(S.Load(row + 2 * S.Count), largest), d = S.Subtract(S.Load(row + 3 * S.Count), largest);
            Exp2<S, V>(ref a, ref b, ref c, ref d);
            S.Store(a, row);
            S.Store(b, row + S.Count);
            S.Store(c, row + 2 * S.Count);
            S.Store(d, row + 3 * S.Count);
            total = S.Add(S.Add(S.Add(S.Add(total, a), b), c), d);
        }

        S.Store(total, sum);
    }

    // Part by part: the scheduler holds few of the dependent steps, which must not all be of one value.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Exp2<S, V>(ref V a, ref V b, ref V c, ref V d)
        where S : struct, ISimd<V>
        where V : struct
    {
        V wholeA = VectorMath.SplitClipped<S, V>(ref a), wholeB = VectorMath.SplitClipped<S, V>(ref b);
        V wholeC = VectorMath.SplitClipped<S, V>(ref c), wholeD = VectorMath.SplitClipped<S, V>(ref d);
        if (S.Count == Vector512<float>.Count)
        {
            // 32 registers have room for the steps of all four side by side.
            VectorMath.Exp2Fractions<S, V>(ref a, ref b, ref c, ref d);
        }
        else
        {
            a = VectorMath.Exp2Fraction<S, V>(a);
            b = VectorMath.Exp2Fraction<S, V>(b);
            c = VectorMath.Exp2Fraction<S, V>(c);
            d = VectorMath.Exp2Fraction<S, V>(d);
        }

        a = S.Multiply(a, S.ToExponent(wholeA));
        b = S.Multiply(b, S.ToExponent(wholeB));
        c = S.Multiply(c, S.ToExponent(wholeC));
        d = S.Multiply(d, S.ToExponent(wholeD));
    }
}
