using System.Runtime.CompilerServices;

namespace PerCo.Engine.Backends.Cpu;

/// <summary>
/// Elementary functions on registers. NaN gives NaN, infinities give the function's limits. Only operations that round
/// once are used, so a value gives the same bits at every width.
/// </summary>
/// <remarks>
/// Polynomials are minimax fits (Lawson's iteration in 40 digits), their error stated beside them. The errors of whole
/// functions are the largest over all 2³² floats, and the tests sample them.
/// </remarks>
internal static class VectorMath
{
    /// <summary>log2 e.</summary>
    public const float Log2E = 1.44269504f;

    // ln 2 in two parts: the first has 12 bits, so that its product with a whole number up to 2^12 is exact.
    private const float Ln2High = 0.693115234375f;
    private const float Ln2Low = 3.1946184945e-5f;

    // Coefficients of (2ᶠ - 1) / f for |f| ≤ 1/2, by the power of f that they are multiplied with in 2ᶠ.
    private const float FractionOf5 = 1.326469253e-3f;
    private const float FractionOf4 = 9.671534415e-3f;
    private const float FractionOf3 = 5.550734025e-2f;
    private const float FractionOf2 = 2.402224175e-1f;
    private const float FractionOf1 = 6.931469773e-1f;

    /// <summary>eˣ to 1.05 units in the last place (one more where the result is subnormal).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Exp<S, V>(V x)
        where S : struct, ISimd<V>
        where V : struct
    {
        // Beyond these the result is 0 or infinity. The variable comes second so that NaN passes.
        x = S.Min(S.Create(90f), S.Max(S.Create(-105f), x));
        V whole = S.Round(S.Multiply(x, S.Create(Log2E)));
        V r = S.MultiplyAdd(whole, S.Create(-Ln2High), x);
        r = S.MultiplyAdd(whole, S.Create(-Ln2Low), r);

        // (eʳ - 1 - r) / r² for |r| ≤ ln 2 / 2, to 3e-9 of eʳ.
        V p = S.Create(1.381418565e-3f);
        p = S.MultiplyAdd(p, r, S.Create(8.368914182e-3f));
        p = S.MultiplyAdd(p, r, S.Create(4.166840729e-2f));
        p = S.MultiplyAdd(p, r, S.Create(1.6666519e-1f));
        p = S.MultiplyAdd(p, r, S.Create(4.999999334e-1f));
        p = S.MultiplyAdd(S.Multiply(r, r), p, r);
        return S.Scale(S.Add(p, S.Create(1f)), whole);
    }

    /// <summary>2ˣ to 1 unit in the last place (one more where the result is subnormal); exactly 1 for 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Exp2<S, V>(V x)
        where S : struct, ISimd<V>
        where V : struct
    {
        x = S.Min(S.Create(130f), S.Max(S.Create(-152f), x));
        V whole = S.Round(x);
        V f = S.Subtract(x, whole);

        // (2ᶠ - 1) / f for |f| ≤ 1/2, to 2e-9 of 2ᶠ.
        V p = S.Create(1.535333836e-4f);
        p = S.MultiplyAdd(p, f, S.Create(1.339890124e-3f));
        p = S.MultiplyAdd(p, f, S.Create(9.618437625e-3f));
        p = S.MultiplyAdd(p, f, S.Create(5.550332406e-2f));
        p = S.MultiplyAdd(p, f, S.Create(2.402264791e-1f));
        p = S.MultiplyAdd(p, f, S.Create(6.931472029e-1f));
        return S.Scale(S.MultiplyAdd(p, f, S.Create(1f)), whole);
    }

    /// <summary>
    /// 2ˣ for x ≤ 127 (or NaN) to 2.5 units in the last place, exactly 1 for 0 and 0 below -126.5: what a softmax
    /// needs, whose terms are small.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Exp2Clipped<S, V>(V x)
        where S : struct, ISimd<V>
        where V : struct
    {
        V whole = SplitClipped<S, V>(ref x);
        return S.Multiply(Exp2Fraction<S, V>(x), S.ToExponent(whole));
    }

    /// <summary>
    /// The first part of <see cref="Exp2Clipped"/>, for loops that take several x through each part: leaves the
    /// fraction, |f| ≤ 1/2, in x, and gives the whole number in the last bits, for <see cref="ISimd{V}.ToExponent"/>.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V SplitClipped<S, V>(ref V x)
        where S : struct, ISimd<V>
        where V : struct
    {
        // -127 becomes an exponent of zero bits, which makes the factor 0. The variable comes second: NaN passes.
        x = S.Max(S.Create(-127f), x);

        // At 1.5·2²³ a unit in the last place is 1, so that the addition rounds, and the last bits hold the whole
        // number with the exponent's bias of 127 added.
        V shifted = S.Add(x, S.Create(12582912f + 127f));
        x = S.Subtract(x, S.Subtract(shifted, S.Create(12582912f + 127f)));
        return shifted;
    }

    /// <summary>2ᶠ for |f| ≤ 1/2, to 9e-8.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Exp2Fraction<S, V>(V f)
        where S : struct, ISimd<V>
        where V : struct
    {
        V p = S.MultiplyAdd(S.Create(FractionOf5), f, S.Create(FractionOf4));
        p = S.MultiplyAdd(p, f, S.Create(FractionOf3));
        p = S.MultiplyAdd(p, f, S.Create(FractionOf2));
        p = S.MultiplyAdd(p, f, S.Create(FractionOf1));
        return S.MultiplyAdd(p, f, S.Create(1f));
    }

    /// <summary><see cref="Exp2Fraction"/> of four, step by step.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Exp2Fractions<S, V>(ref V a, ref V b, ref V c, ref V d)
        where S : struct, ISimd<V>
        where V : struct
    {
        V first = S.Create(FractionOf5), next = S.Create(FractionOf4);
        V p = S.MultiplyAdd(first, a, next), q = S.MultiplyAdd(first, b, next);
        V r = S.MultiplyAdd(first, c, next), s = S.MultiplyAdd(first, d, next);
        MultiplyAdd<S, V>(ref p, ref q, ref r, ref s, a, b, c, d, S.Create(FractionOf3));
        MultiplyAdd<S, V>(ref p, ref q, ref r, ref s, a, b, c, d, S.Create(FractionOf2));
        MultiplyAdd<S, V>(ref p, ref q, ref r, ref s, a, b, c, d, S.Create(FractionOf1));
        MultiplyAdd<S, V>(ref p, ref q, ref r, ref s, a, b, c, d, S.Create(1f));
        (a, b, c, d) = (p, q, r, s);
    }

    /// <summary>1 / (1 + e⁻ˣ), to 3 units in the last place above -87; below it is less than 1e-38, or 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Sigmoid<S, V>(V x)
        where S : struct, ISimd<V>
        where V : struct =>
        S.Divide(S.Create(1f), OnePlusExpOfMinus<S, V>(x));

    /// <summary>x · sigmoid(x), to 3 units in the last place above -87.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Silu<S, V>(V x)
        where S : struct, ISimd<V>
        where V : struct =>
        S.Divide(x, OnePlusExpOfMinus<S, V>(x));

    /// <summary>x · sigmoid(1.702 x), to 4 units in the last place above -2 and 1e-7 below.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V QuickGelu<S, V>(V x)
        where S : struct, ISimd<V>
        where V : struct =>
        S.Divide(x, OnePlusExpOfMinus<S, V>(S.Multiply(x, S.Create(1.702f))));

    /// <summary>
    /// x · Φ(x) with the normal distribution's Φ, which is x/2 · (1 + erf(x/√2)), to 3 units in the last place above
    /// zero and to 5.5e-8 below.
    /// </summary>
    /// <remarks>
    /// Φ(-a) = 2^(-1 - a·q(a)) for a ≥ 0 with a polynomial q, and Φ(a) = 1 - Φ(-a): nothing cancels on the negative
    /// side, where 1 + erf does. Above a = 5.6 the fit falls off faster than Φ, whose value no longer matters there.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Gelu<S, V>(V x)
        where S : struct, ISimd<V>
        where V : struct
    {
        V a = S.Abs(x);

        // (-log2 Φ(-a) - 1) / a, weighted so that Φ(-a) and a·Φ(-a) have absolute errors below 1.6e-8.
        V q = S.Create(2.334905002e-6f);
        q = S.MultiplyAdd(q, a, S.Create(-3.373713916e-5f));
        q = S.MultiplyAdd(q, a, S.Create(1.612898707e-4f));
        q = S.MultiplyAdd(q, a, S.Create(1.917148904e-4f));
        q = S.MultiplyAdd(q, a, S.Create(-7.126882007e-3f));
        q = S.MultiplyAdd(q, a, S.Create(5.253362584e-2f));
        q = S.MultiplyAdd(q, a, S.Create(4.591982772e-1f));
        q = S.MultiplyAdd(q, a, S.Create(1.151106042f));

        V twice = Exp2<S, V>(S.Subtract(S.Create(0f), S.Multiply(q, a)));
        V lower = S.Multiply(S.Create(0.5f), twice);
        V upper = S.MultiplyAdd(S.Create(-0.5f), twice, S.Create(1f));
        return S.Multiply(x, S.SelectNegative(x, lower, upper));
    }

    /// <summary>max(x, 0).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Relu<S, V>(V x)
        where S : struct, ISimd<V>
        where V : struct =>
        S.Max(S.Create(0f), x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V OnePlusExpOfMinus<S, V>(V x)
        where S : struct, ISimd<V>
        where V : struct =>
        S.Add(S.Create(1f), Exp<S, V>(S.Subtract(S.Create(0f), x)));

    // p = p · a + addend, and so on: one step of four polynomials.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void MultiplyAdd<S, V>(
        ref V p, ref V q, ref V r, ref V s, V a, V b, V c, V d, V addend)
        where S : struct, ISimd<V>
        where V : struct
    {
        p = S.MultiplyAdd(p, a, addend);
        q = S.MultiplyAdd(q, b, addend);
        r = S.MultiplyAdd(r, c, addend);
        s = S.MultiplyAdd(s, d, addend);
    }
}
