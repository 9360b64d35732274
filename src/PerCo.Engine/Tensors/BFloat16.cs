using System.Runtime.InteropServices;

namespace PerCo.Engine.Tensors;

/// <summary>bf16: the upper 16 bits of an IEEE 754 binary32.</summary>
internal static class BFloat16
{
    /// <summary>Rounds to the nearest, ties to even; NaN stays NaN.</summary>
    public static void Round(ReadOnlySpan<float> values, Span<ushort> destination)
    {
        ReadOnlySpan<uint> bits = MemoryMarshal.Cast<float, uint>(values);
        for (int i = 0; i < bits.Length; i++)
        {
            // A quiet NaN: rounding would carry some of its bits into infinity.
            uint value = bits[i];
            destination[i] = float.IsNaN(values[i])
                ? (ushort)((value >> 16) | 0x40)
                : (ushort)((value + 0x7FFF + ((value >> 16) & 1)) >> 16);
        }
    }

    /// <summary>The same values in fp32, exactly.</summary>
    public static void Widen(ReadOnlySpan<ushort> values, Span<float> destination)
    {
        Span<uint> bits = MemoryMarshal.Cast<float, uint>(destination);
        for (int i = 0; i < values.Length; i++)
        {
            bits[i] = (uint)values[i] << 16;
        }
    }
}
