using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace PerCo.Engine.Backends.Cpu;

using V = Vector128<float>;

/// <summary>128 bits, which every machine has (SSE, Arm AdvSimd): 4 floats.</summary>
internal readonly unsafe struct Simd128 : ISimd<V>
{
    public static int Count => 4;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Create(float value) => Vector128.Create(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Load(float* source) => Vector128.Load(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(V value, float* destination) => value.Store(destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V LoadFirst(float* source, int count)
    {
        V value = Vector128.CreateScalar(source[0]);
        value = count > 1 ? value.WithElement(1, source[1]) : value;
        return count > 2 ? value.WithElement(2, source[2]) : value;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreFirst(V value, float* destination, int count)
    {
        destination[0] = value.ToScalar();
        if (count > 1)
        {
            destination[1] = value.GetElement(1);
        }

        if (count > 2)
        {
            destination[2] = value.GetElement(2);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Add(V a, V b) => a + b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Subtract(V a, V b) => a - b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Multiply(V a, V b) => a * b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Divide(V a, V b) => a / b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V MultiplyAdd(V a, V b, V c) => Vector128.FusedMultiplyAdd(a, b, c);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Max(V a, V b) => Vector128.MaxNative(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Min(V a, V b) => Vector128.MinNative(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Abs(V a) => Vector128.Abs(a);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Round(V a) => Vector128.Round(a);

    /// <remarks>
    /// Two factors, so that results near the ends of the range (and zero and infinity) come out right.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Scale(V value, V exponent)
    {
        Vector128<int> whole = Vector128.ConvertToInt32Native(exponent);
        Vector128<int> half = whole >> 1;
        V first = ((half + Vector128.Create(127)) << 23).AsSingle();
        V second = ((whole - half + Vector128.Create(127)) << 23).AsSingle();
        return value * first * second;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V ToExponent(V bits) => (bits.AsInt32() << 23).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V SelectNegative(V condition, V then, V otherwise) =>
        Vector128.ConditionalSelect(Vector128.LessThan(condition, V.Zero), then, otherwise);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool AllEqual(V a, V b) => Vector128.EqualsAll(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V WidenLower(V a) => Vector128.WidenLower(a).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V WidenUpper(V a) => Vector128.WidenUpper(a).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V AddDouble(V a, V b) => (a.AsDouble() + b.AsDouble()).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V MultiplyAddDouble(V a, V b, V c) =>
        Vector128.FusedMultiplyAdd(a.AsDouble(), b.AsDouble(), c.AsDouble()).AsSingle();
}
