namespace PerCo.Engine.Backends.Cpu;

/// <summary>
/// The register operations that element-wise code, norms and softmax are written in, once for every width.
/// </summary>
/// <remarks>
/// <para>
/// Implemented by <see cref="Simd512"/>, <see cref="Simd256"/> and <see cref="Simd128"/>, empty structs that only name
/// a width: <c>Silu&lt;Simd256, Vector256&lt;float&gt;&gt;(x)</c> compiles to the same code as handwritten AVX.
/// </para>
/// <para>
/// Every operation rounds once and treats its lanes alike, so a lane's result does not depend on the width. Code that
/// also keeps the order of its sums independent of <see cref="Count"/> gives equal bits on every instruction set.
/// </para>
/// </remarks>
/// <typeparam name="V">The register: Vector512, Vector256 or Vector128 of float.</typeparam>
internal unsafe interface ISimd<V>
    where V : struct
{
    /// <summary>Floats in a register.</summary>
    static abstract int Count { get; }

    /// <summary>The same value in every lane.</summary>
    static abstract V Create(float value);

    /// <summary><see cref="Count"/> values from any address.</summary>
    static abstract V Load(float* source);

    /// <summary>Writes <see cref="Count"/> values to any address.</summary>
    static abstract void Store(V value, float* destination);

    /// <summary>
    /// The first <paramref name="count"/> values, 1 to <see cref="Count"/> − 1, then zeros; reads no others.
    /// </summary>
    static abstract V LoadFirst(float* source, int count);

    /// <summary>Writes the first <paramref name="count"/> lanes, 1 to <see cref="Count"/> − 1, and no others.</summary>
    static abstract void StoreFirst(V value, float* destination, int count);

    static abstract V Add(V a, V b);

    static abstract V Subtract(V a, V b);

    static abstract V Multiply(V a, V b);

    static abstract V Divide(V a, V b);

    /// <summary>a·b + c, rounded once.</summary>
    static abstract V MultiplyAdd(V a, V b, V c);

    /// <summary>The larger; where <paramref name="b"/> is NaN, NaN (and where only a is, either operand).</summary>
    static abstract V Max(V a, V b);

    /// <summary>The smaller; where <paramref name="b"/> is NaN, NaN (and where only a is, either operand).</summary>
    static abstract V Min(V a, V b);

    static abstract V Abs(V a);

    /// <summary>To the nearest whole number, halves to even.</summary>
    static abstract V Round(V a);

    /// <summary>value · 2^exponent for whole exponents from -252 to 252, rounded once.</summary>
    static abstract V Scale(V value, V exponent);

    /// <summary>The last 8 bits as the exponent of a positive number: 2^(bits - 127), 0 where they are 0.</summary>
    static abstract V ToExponent(V bits);

    /// <summary>
    /// Where <paramref name="condition"/> is below zero, <paramref name="then"/>, elsewhere <paramref
    /// name="otherwise"/>.
    /// </summary>
    static abstract V SelectNegative(V condition, V then, V otherwise);

    /// <summary>Whether all lanes are equal (NaN equals nothing).</summary>
    static abstract bool AllEqual(V a, V b);

    // ---- Registers of doubles, half as many, for sums that must not lose digits ---------------------------------

    /// <summary>The first half of the lanes as doubles.</summary>
    static abstract V WidenLower(V a);

    /// <summary>The second half of the lanes as doubles.</summary>
    static abstract V WidenUpper(V a);

    /// <summary>Sum of registers of doubles.</summary>
    static abstract V AddDouble(V a, V b);

    /// <summary>a·b + c for registers of doubles, rounded once.</summary>
    static abstract V MultiplyAddDouble(V a, V b, V c);
}
