using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace PerCo.Engine.Tensors;

/// <summary>
/// fp16 to fp32, exactly. Weights are the first thing that a program reads, and the library's conversion is slow until
/// the runtime has compiled it a second time: 0.26 s of the first 0.45 s of opening PerCo-Mini's U-Net.
/// </summary>
internal static class HalfWidening
{
    private const uint Infinity = 0x7C00;
    private const uint Sign = 0x8000;

    // Bits that fp32's fraction has beyond fp16's, and the difference of their exponents' biases in place.
    private const int Shift = 13;
    private const uint Bias = 112u << 23;
    private const uint SmallestNormal = 113u << 23;

    /// <summary>Writes as many values as there are.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Widen(ReadOnlySpan<ushort> bits, Span<float> destination)
    {
        int whole = bits.Length / Vector128<ushort>.Count * Vector128<ushort>.Count;
        for (int i = 0; i < whole; i += Vector128<ushort>.Count)
        {
            Vector128<ushort> values = Vector128.Create(bits.Slice(i, Vector128<ushort>.Count));
            Widen(Vector128.WidenLower(values)).CopyTo(destination[i..]);
            Widen(Vector128.WidenUpper(values)).CopyTo(destination[(i + Vector128<uint>.Count)..]);
        }

        for (int i = whole; i < bits.Length; i++)
        {
            destination[i] = (float)BitConverter.UInt16BitsToHalf(bits[i]);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Widen(Vector128<uint> bits)
    {
        Vector128<uint> magnitude = bits & Vector128.Create(Sign - 1);
        Vector128<uint> shifted = magnitude << Shift;

        // Infinity and NaN have the largest exponent of both types; it needs the bias twice.
        Vector128<uint> special = Vector128.GreaterThanOrEqual(magnitude, Vector128.Create(Infinity));
        Vector128<uint> normal = shifted + Vector128.Create(Bias) + (special & Vector128.Create(Bias));

        // A subnormal value is a fraction behind the smallest normal exponent, without the leading 1.
        Vector128<uint> isSubnormal = Vector128.LessThan(magnitude, Vector128.Create(1u << (23 - Shift)));
        Vector128<float> subnormal = (shifted + Vector128.Create(SmallestNormal)).AsSingle()
            - Vector128.Create(SmallestNormal).AsSingle();

        Vector128<uint> widened = Vector128.ConditionalSelect(isSubnormal, subnormal.AsUInt32(), normal);
        return (widened | ((bits & Vector128.Create(Sign)) << 16)).AsSingle();
    }
}
