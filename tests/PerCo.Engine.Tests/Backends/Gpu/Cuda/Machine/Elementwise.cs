using System.Numerics;
using System.Runtime.Intrinsics;

namespace PerCo.Engine.Tests.Backends.Gpu.Cuda.Machine;

// Instructions that compute each lane's value from its own registers. Operations are types, so that the compiler makes
// a loop for each.

internal interface IWord1
{
    static abstract uint Of(uint a);
}

internal interface IWord2
{
    static abstract uint Of(uint a, uint b);
}

internal interface IWord3
{
    static abstract uint Of(uint a, uint b, uint c);
}

/// <summary>The same for 8 lanes at once.</summary>
internal interface IVector2
{
    static abstract Vector256<uint> Of(Vector256<uint> a, Vector256<uint> b);
}

internal interface ILong2
{
    static abstract ulong Of(ulong a, ulong b);
}

internal interface IWiden2
{
    static abstract ulong Of(uint a, uint b);
}

internal interface ICompare
{
    static abstract bool Of(uint a, uint b);
}

internal interface ICompareLong
{
    static abstract bool Of(long a, long b);
}

internal sealed unsafe class Word1<TOperation>(int to, int a) : PtxInstruction
    where TOperation : IWord1
{
    public override PtxStep Execute(PtxWarp warp, uint lanes)
    {
        uint* d = warp.Words + (to * PtxWarp.Size), x = warp.Words + (a * PtxWarp.Size);
        for (; lanes != 0; lanes &= lanes - 1)
        {
            int i = BitOperations.TrailingZeroCount(lanes);
            d[i] = TOperation.Of(x[i]);
        }

        return PtxStep.Next;
    }
}

internal sealed unsafe class Word2<TOperation>(int to, int a, int b) : PtxInstruction
    where TOperation : IWord2
{
    public override PtxStep Execute(PtxWarp warp, uint lanes)
    {
        uint* d = warp.Words + (to * PtxWarp.Size), x = warp.Words + (a * PtxWarp.Size);
        uint* y = warp.Words + (b * PtxWarp.Size);
        for (; lanes != 0; lanes &= lanes - 1)
        {
            int i = BitOperations.TrailingZeroCount(lanes);
            d[i] = TOperation.Of(x[i], y[i]);
        }

        return PtxStep.Next;
    }
}

internal sealed unsafe class Word3<TOperation>(int to, int a, int b, int c) : PtxInstruction
    where TOperation : IWord3
{
    public override PtxStep Execute(PtxWarp warp, uint lanes)
    {
        uint* d = warp.Words + (to * PtxWarp.Size), x = warp.Words + (a * PtxWarp.Size);
        uint* y = warp.Words + (b * PtxWarp.Size), z = warp.Words + (c * PtxWarp.Size);
        for (; lanes != 0; lanes &= lanes - 1)
        {
            int i = BitOperations.TrailingZeroCount(lanes);
            d[i] = TOperation.Of(x[i], y[i], z[i]);
        }

        return PtxStep.Next;
    }
}

/// <summary>What occurs most, 8 lanes at once.</summary>
internal sealed unsafe class Vector2<TOperation>(int to, int a, int b) : PtxInstruction
    where TOperation : IVector2
{
    public override PtxStep Execute(PtxWarp warp, uint lanes)
    {
        uint* d = warp.Words + (to * PtxWarp.Size), x = warp.Words + (a * PtxWarp.Size);
        uint* y = warp.Words + (b * PtxWarp.Size);
        for (int i = 0; i < PtxWarp.Size; i += 8)
        {
            Vector256<uint> result = TOperation.Of(Vector256.LoadAligned(x + i), Vector256.LoadAligned(y + i));
            LaneMask.Store(d + i, result, lanes >> i);
        }

        return PtxStep.Next;
    }
}

/// <summary>fma.rn.f32.</summary>
internal sealed unsafe class FusedMultiplyAdd(int to, int a, int b, int c) : PtxInstruction
{
    public override PtxStep Execute(PtxWarp warp, uint lanes)
    {
        uint* d = warp.Words + (to * PtxWarp.Size), x = warp.Words + (a * PtxWarp.Size);
        uint* y = warp.Words + (b * PtxWarp.Size), z = warp.Words + (c * PtxWarp.Size);
        for (int i = 0; i < PtxWarp.Size; i += 8)
        {
            Vector256<float> result = Vector256.FusedMultiplyAdd(
                Vector256.LoadAligned(x + i).AsSingle(), Vector256.LoadAligned(y + i).AsSingle(),
                Vector256.LoadAligned(z + i).AsSingle());
            LaneMask.Store(d + i, result.AsUInt32(), lanes >> i);
        }

        return PtxStep.Next;
    }
}

/// <summary>selp: of two values the one that the predicate says.</summary>
internal sealed unsafe class SelectWord(int to, int a, int b, int predicate) : PtxInstruction
{
    public override PtxStep Execute(PtxWarp warp, uint lanes)
    {
        uint* d = warp.Words + (to * PtxWarp.Size), x = warp.Words + (a * PtxWarp.Size);
        uint* y = warp.Words + (b * PtxWarp.Size);
        uint first = warp.Predicates[predicate];
        for (int i = 0; i < PtxWarp.Size; i += 8)
        {
            Vector256<uint> result = Vector256.ConditionalSelect(
                LaneMask.Of(first >> i), Vector256.LoadAligned(x + i), Vector256.LoadAligned(y + i));
            LaneMask.Store(d + i, result, lanes >> i);
        }

        return PtxStep.Next;
    }
}

internal sealed unsafe class SelectLong(int to, int a, int b, int predicate) : PtxInstruction
{
    public override PtxStep Execute(PtxWarp warp, uint lanes)
    {
        ulong* d = warp.Longs + (to * PtxWarp.Size), x = warp.Longs + (a * PtxWarp.Size);
        ulong* y = warp.Longs + (b * PtxWarp.Size);
        uint first = warp.Predicates[predicate];
        for (; lanes != 0; lanes &= lanes - 1)
        {
            int i = BitOperations.TrailingZeroCount(lanes);
            d[i] = ((first >> i) & 1) != 0 ? x[i] : y[i];
        }

        return PtxStep.Next;
    }
}

internal sealed unsafe class Long2<TOperation>(int to, int a, int b) : PtxInstruction
    where TOperation : ILong2
{
    public override PtxStep Execute(PtxWarp warp, uint lanes)
    {
        ulong* d = warp.Longs + (to * PtxWarp.Size), x = warp.Longs + (a * PtxWarp.Size);
        ulong* y = warp.Longs + (b * PtxWarp.Size);
        for (; lanes != 0; lanes &= lanes - 1)
        {
            int i = BitOperations.TrailingZeroCount(lanes);
            d[i] = TOperation.Of(x[i], y[i]);
        }

        return PtxStep.Next;
    }
}

/// <summary>mad.lo.s64.</summary>
internal sealed unsafe class MultiplyAddLong(int to, int a, int b, int c) : PtxInstruction
{
    public override PtxStep Execute(PtxWarp warp, uint lanes)
    {
        for (; lanes != 0; lanes &= lanes - 1)
        {
            ulong* lane = warp.Longs + BitOperations.TrailingZeroCount(lanes);
            lane[to * PtxWarp.Size] =
                (lane[a * PtxWarp.Size] * lane[b * PtxWarp.Size]) + lane[c * PtxWarp.Size];
        }

        return PtxStep.Next;
    }
}

/// <summary>64-bit registers moved by a number of bits in a 32-bit one.</summary>
internal sealed unsafe class ShiftLong(int to, int a, int count, bool left) : PtxInstruction
{
    public override PtxStep Execute(PtxWarp warp, uint lanes)
    {
        for (; lanes != 0; lanes &= lanes - 1)
        {
            int i = BitOperations.TrailingZeroCount(lanes);
            ulong value = warp.Longs[(a * PtxWarp.Size) + i];
            uint bits = warp.Words[(count * PtxWarp.Size) + i];
            warp.Longs[(to * PtxWarp.Size) + i] = bits > 63 ? 0 : left ? value << (int)bits : value >> (int)bits;
        }

        return PtxStep.Next;
    }
}

/// <summary>Two 32-bit registers to a 64-bit one.</summary>
internal sealed unsafe class Widen2<TOperation>(int to, int a, int b) : PtxInstruction
    where TOperation : IWiden2
{
    public override PtxStep Execute(PtxWarp warp, uint lanes)
    {
        ulong* d = warp.Longs + (to * PtxWarp.Size);
        uint* x = warp.Words + (a * PtxWarp.Size), y = warp.Words + (b * PtxWarp.Size);
        for (; lanes != 0; lanes &= lanes - 1)
        {
            int i = BitOperations.TrailingZeroCount(lanes);
            d[i] = TOperation.Of(x[i], y[i]);
        }

        return PtxStep.Next;
    }
}

/// <summary>cvt.u32.u64.</summary>
internal sealed unsafe class Narrow(int to, int a) : PtxInstruction
{
    public override PtxStep Execute(PtxWarp warp, uint lanes)
    {
        for (; lanes != 0; lanes &= lanes - 1)
        {
            int i = BitOperations.TrailingZeroCount(lanes);
            warp.Words[(to * PtxWarp.Size) + i] = (uint)warp.Longs[(a * PtxWarp.Size) + i];
        }

        return PtxStep.Next;
    }
}

/// <summary>mov.b32 of two halves to one register.</summary>
internal sealed unsafe class Pack(int to, int low, int high) : PtxInstruction
{
    public override PtxStep Execute(PtxWarp warp, uint lanes)
    {
        for (; lanes != 0; lanes &= lanes - 1)
        {
            uint* lane = warp.Words + BitOperations.TrailingZeroCount(lanes);
            lane[to * PtxWarp.Size] =
                (ushort)lane[low * PtxWarp.Size] | (lane[high * PtxWarp.Size] << 16);
        }

        return PtxStep.Next;
    }
}

/// <summary>mov.b32 of one register to two halves.</summary>
internal sealed unsafe class Unpack(int low, int high, int from) : PtxInstruction
{
    public override PtxStep Execute(PtxWarp warp, uint lanes)
    {
        for (; lanes != 0; lanes &= lanes - 1)
        {
            uint* lane = warp.Words + BitOperations.TrailingZeroCount(lanes);
            uint value = lane[from * PtxWarp.Size];
            (lane[low * PtxWarp.Size], lane[high * PtxWarp.Size]) = ((ushort)value, value >> 16);
        }

        return PtxStep.Next;
    }
}

internal sealed unsafe class Compare<TOperation>(int to, int a, int b) : PtxInstruction
    where TOperation : ICompare
{
    public override PtxStep Execute(PtxWarp warp, uint lanes)
    {
        uint* x = warp.Words + (a * PtxWarp.Size), y = warp.Words + (b * PtxWarp.Size);
        uint result = 0;
        for (int i = 0; i < PtxWarp.Size; i++)
        {
            result |= (TOperation.Of(x[i], y[i]) ? 1u : 0) << i;
        }

        warp.Predicates[to] = (warp.Predicates[to] & ~lanes) | (result & lanes);
        return PtxStep.Next;
    }
}

internal sealed unsafe class CompareLong<TOperation>(int to, int a, int b) : PtxInstruction
    where TOperation : ICompareLong
{
    public override PtxStep Execute(PtxWarp warp, uint lanes)
    {
        ulong* x = warp.Longs + (a * PtxWarp.Size), y = warp.Longs + (b * PtxWarp.Size);
        uint result = 0;
        for (int i = 0; i < PtxWarp.Size; i++)
        {
            result |= (TOperation.Of((long)x[i], (long)y[i]) ? 1u : 0) << i;
        }

        warp.Predicates[to] = (warp.Predicates[to] & ~lanes) | (result & lanes);
        return PtxStep.Next;
    }
}

/// <summary>Predicates from predicates: all lanes are bits of one number.</summary>
internal sealed unsafe class Predicates(int to, Func<PtxWarp, uint> value) : PtxInstruction
{
    public override PtxStep Execute(PtxWarp warp, uint lanes)
    {
        warp.Predicates[to] = (warp.Predicates[to] & ~lanes) | (value(warp) & lanes);
        return PtxStep.Next;
    }
}

/// <summary>Lanes of 8 as a vector of ones and zeros.</summary>
internal static unsafe class LaneMask
{
    private static readonly Vector256<uint> Bits = Vector256.Create(1u, 2, 4, 8, 16, 32, 64, 128);

    public static Vector256<uint> Of(uint lanes) => Vector256.Equals(Vector256.Create(lanes) & Bits, Bits);

    public static void Store(uint* to, Vector256<uint> value, uint lanes)
    {
        if ((lanes & 0xFF) != 0xFF)
        {
            value = Vector256.ConditionalSelect(Of(lanes), value, Vector256.LoadAligned(to));
        }

        value.StoreAligned(to);
    }
}
