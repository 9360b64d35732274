using System.Runtime.Intrinsics;
using static System.BitConverter;

namespace PerCo.Engine.Tests.Backends.Gpu.Cuda.Machine;

// Operations on one lane's values, as the PTX ISA defines them.

internal readonly struct Move : IVector2
{
    public static Vector256<uint> Of(Vector256<uint> a, Vector256<uint> b) => a;
}

internal readonly struct AddFloat : IVector2
{
    public static Vector256<uint> Of(Vector256<uint> a, Vector256<uint> b) => (a.AsSingle() + b.AsSingle()).AsUInt32();
}

internal readonly struct SubtractFloat : IVector2
{
    public static Vector256<uint> Of(Vector256<uint> a, Vector256<uint> b) => (a.AsSingle() - b.AsSingle()).AsUInt32();
}

internal readonly struct MultiplyFloat : IVector2
{
    public static Vector256<uint> Of(Vector256<uint> a, Vector256<uint> b) => (a.AsSingle() * b.AsSingle()).AsUInt32();
}

internal readonly struct DivideFloat : IVector2
{
    public static Vector256<uint> Of(Vector256<uint> a, Vector256<uint> b) => (a.AsSingle() / b.AsSingle()).AsUInt32();
}

internal readonly struct Add : IVector2
{
    public static Vector256<uint> Of(Vector256<uint> a, Vector256<uint> b) => a + b;
}

internal readonly struct Subtract : IVector2
{
    public static Vector256<uint> Of(Vector256<uint> a, Vector256<uint> b) => a - b;
}

internal readonly struct Multiply : IVector2
{
    public static Vector256<uint> Of(Vector256<uint> a, Vector256<uint> b) => a * b;
}

internal readonly struct And : IVector2
{
    public static Vector256<uint> Of(Vector256<uint> a, Vector256<uint> b) => a & b;
}

internal readonly struct Or : IVector2
{
    public static Vector256<uint> Of(Vector256<uint> a, Vector256<uint> b) => a | b;
}

internal readonly struct Xor : IVector2
{
    public static Vector256<uint> Of(Vector256<uint> a, Vector256<uint> b) => a ^ b;
}

// Of a number and NaN the number (min.f32 and max.f32 without .NaN); -0 is less than +0.

internal readonly struct MinFloat : IWord2
{
    public static uint Of(uint a, uint b) =>
        SingleToUInt32Bits(float.MinNumber(UInt32BitsToSingle(a), UInt32BitsToSingle(b)));
}

internal readonly struct MaxFloat : IWord2
{
    public static uint Of(uint a, uint b) =>
        SingleToUInt32Bits(float.MaxNumber(UInt32BitsToSingle(a), UInt32BitsToSingle(b)));
}

internal readonly struct MinSigned : IWord2
{
    public static uint Of(uint a, uint b) => (uint)Math.Min((int)a, (int)b);
}

internal readonly struct MaxSigned : IWord2
{
    public static uint Of(uint a, uint b) => (uint)Math.Max((int)a, (int)b);
}

internal readonly struct MultiplyHigh : IWord2
{
    public static uint Of(uint a, uint b) => (uint)((long)(int)a * (int)b >> 32);
}

internal readonly struct MultiplyHalves : IWord2
{
    public static uint Of(uint a, uint b) => (uint)((ushort)a * (ushort)b);
}

internal readonly struct DivideSigned : IWord2
{
    public static uint Of(uint a, uint b) => (uint)((int)a / NotZero((int)b));

    public static int NotZero(int divisor) => divisor != 0 ? divisor : throw new PtxFault("division by zero");
}

internal readonly struct RemainderSigned : IWord2
{
    public static uint Of(uint a, uint b) => (uint)((int)a % DivideSigned.NotZero((int)b));
}

internal readonly struct DivideUnsigned : IWord2
{
    public static uint Of(uint a, uint b) => a / (uint)DivideSigned.NotZero((int)b);
}

internal readonly struct ShiftLeft : IWord2
{
    public static uint Of(uint a, uint b) => b > 31 ? 0 : a << (int)b;
}

internal readonly struct ShiftHalfLeft : IWord2
{
    public static uint Of(uint a, uint b) => b > 15 ? 0u : (ushort)(a << (int)b);
}

internal readonly struct ShiftRight : IWord2
{
    public static uint Of(uint a, uint b) => b > 31 ? 0 : a >> (int)b;
}

internal readonly struct ShiftRightSigned : IWord2
{
    public static uint Of(uint a, uint b) => (uint)((int)a >> (int)Math.Min(b, 31));
}

internal readonly struct NegateFloat : IWord1
{
    public static uint Of(uint a) => a ^ 0x80000000;
}

internal readonly struct AbsoluteFloat : IWord1
{
    public static uint Of(uint a) => a & 0x7FFFFFFF;
}

internal readonly struct Negate : IWord1
{
    public static uint Of(uint a) => (uint)-(int)a;
}

// Beyond the range its ends, for NaN zero.
internal readonly struct ToSigned : IWord1
{
    public static uint Of(uint a) => (uint)float.ConvertToInteger<int>(UInt32BitsToSingle(a));
}

internal readonly struct RoundToEven : IWord1
{
    public static uint Of(uint a) => SingleToUInt32Bits(MathF.Round(UInt32BitsToSingle(a), MidpointRounding.ToEven));
}

internal readonly struct RoundDown : IWord1
{
    public static uint Of(uint a) => SingleToUInt32Bits(MathF.Floor(UInt32BitsToSingle(a)));
}

internal readonly struct FromHalf : IWord1
{
    public static uint Of(uint a) => SingleToUInt32Bits((float)UInt16BitsToHalf((ushort)a));
}

internal readonly struct ToHalf : IWord1
{
    public static uint Of(uint a) => HalfToUInt16Bits((Half)UInt32BitsToSingle(a));
}

internal readonly struct FromUnsigned : IWord1
{
    public static uint Of(uint a) => SingleToUInt32Bits(a);
}

internal readonly struct FromSigned : IWord1
{
    public static uint Of(uint a) => SingleToUInt32Bits((int)a);
}

internal readonly struct LowerHalf : IWord1
{
    public static uint Of(uint a) => (ushort)a;
}

internal readonly struct SignedHalf : IWord1
{
    public static uint Of(uint a) => (uint)(short)a;
}

internal readonly struct Reciprocal : IWord1
{
    public static uint Of(uint a) => SingleToUInt32Bits(1 / UInt32BitsToSingle(a));
}

internal readonly struct SquareRoot : IWord1
{
    public static uint Of(uint a) => SingleToUInt32Bits(MathF.Sqrt(UInt32BitsToSingle(a)));
}

// ex2.approx.ftz: subnormal numbers are zero. Devices are within 2 units of the last place of this.
internal readonly struct PowerOfTwo : IWord1
{
    public static uint Of(uint a)
    {
        float x = UInt32BitsToSingle(a), y = (float)Math.Pow(2, float.IsSubnormal(x) ? 0 : x);
        return SingleToUInt32Bits(float.IsSubnormal(y) ? 0 : y);
    }
}

internal readonly struct ToHalfPair : IWord2
{
    public static uint Of(uint a, uint b) => (ToHalf.Of(a) << 16) | ToHalf.Of(b);
}

internal readonly struct ToBFloatPair : IWord2
{
    public static uint Of(uint a, uint b) => (Round(a) << 16) | Round(b);

    // To the nearest, of two the even one; every NaN is the same.
    private static uint Round(uint bits) => float.IsNaN(UInt32BitsToSingle(bits)) ? 0x7FFF
        : (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16;
}

internal readonly struct MultiplyAdd : IWord3
{
    public static uint Of(uint a, uint b, uint c) => (a * b) + c;
}

internal readonly struct ExtractBits : IWord3
{
    public static uint Of(uint a, uint b, uint c) =>
        (uint)((ulong)a >> (int)Math.Min(b & 0xFF, 32) & ((1ul << (int)Math.Min(c & 0xFF, 32)) - 1));
}

internal readonly struct WidenSigned : IWiden2
{
    public static ulong Of(uint a, uint b) => (ulong)((long)(int)a * (int)b);
}

internal readonly struct WidenUnsigned : IWiden2
{
    public static ulong Of(uint a, uint b) => (ulong)a * b;
}

internal readonly struct FirstSigned : IWiden2
{
    public static ulong Of(uint a, uint b) => (ulong)(int)a;
}

internal readonly struct FirstUnsigned : IWiden2
{
    public static ulong Of(uint a, uint b) => a;
}

internal readonly struct AddLong : ILong2
{
    public static ulong Of(ulong a, ulong b) => a + b;
}

internal readonly struct SubtractLong : ILong2
{
    public static ulong Of(ulong a, ulong b) => a - b;
}

internal readonly struct MultiplyLong : ILong2
{
    public static ulong Of(ulong a, ulong b) => a * b;
}

internal readonly struct DivideLong : ILong2
{
    public static ulong Of(ulong a, ulong b) =>
        b != 0 ? (ulong)((long)a / (long)b) : throw new PtxFault("division by zero");
}

internal readonly struct AndLong : ILong2
{
    public static ulong Of(ulong a, ulong b) => a & b;
}

internal readonly struct OrLong : ILong2
{
    public static ulong Of(ulong a, ulong b) => a | b;
}

internal readonly struct FirstLong : ILong2
{
    public static ulong Of(ulong a, ulong b) => a;
}

// cvt.s64.s32 of a 64-bit register: its lower half.
internal readonly struct SignedLower : ILong2
{
    public static ulong Of(ulong a, ulong b) => (ulong)(int)a;
}

internal readonly struct Less : ICompare
{
    public static bool Of(uint a, uint b) => (int)a < (int)b;
}

internal readonly struct LessOrEqual : ICompare
{
    public static bool Of(uint a, uint b) => (int)a <= (int)b;
}

internal readonly struct Equal : ICompare
{
    public static bool Of(uint a, uint b) => a == b;
}

internal readonly struct NotEqual : ICompare
{
    public static bool Of(uint a, uint b) => a != b;
}

internal readonly struct Below : ICompare
{
    public static bool Of(uint a, uint b) => a < b;
}

internal readonly struct BelowOrEqual : ICompare
{
    public static bool Of(uint a, uint b) => a <= b;
}

// Floats: false where either is NaN, and those with u ("unordered") true.

internal readonly struct LessFloat : ICompare
{
    public static bool Of(uint a, uint b) => UInt32BitsToSingle(a) < UInt32BitsToSingle(b);
}

internal readonly struct LessOrEqualFloat : ICompare
{
    public static bool Of(uint a, uint b) => UInt32BitsToSingle(a) <= UInt32BitsToSingle(b);
}

internal readonly struct NotGreaterFloat : ICompare
{
    public static bool Of(uint a, uint b) => !(UInt32BitsToSingle(a) > UInt32BitsToSingle(b));
}

internal readonly struct NotEqualFloat : ICompare
{
    public static bool Of(uint a, uint b) => UInt32BitsToSingle(a) != UInt32BitsToSingle(b);
}

internal readonly struct NotLessOrEqualFloat : ICompare
{
    public static bool Of(uint a, uint b) => !(UInt32BitsToSingle(a) <= UInt32BitsToSingle(b));
}

internal readonly struct Unordered : ICompare
{
    public static bool Of(uint a, uint b) => float.IsNaN(UInt32BitsToSingle(a)) || float.IsNaN(UInt32BitsToSingle(b));
}

internal readonly struct Ordered : ICompare
{
    public static bool Of(uint a, uint b) => !Unordered.Of(a, b);
}

internal readonly struct LessLong : ICompareLong
{
    public static bool Of(long a, long b) => a < b;
}

internal readonly struct EqualLong : ICompareLong
{
    public static bool Of(long a, long b) => a == b;
}

internal readonly struct NotEqualLong : ICompareLong
{
    public static bool Of(long a, long b) => a != b;
}
