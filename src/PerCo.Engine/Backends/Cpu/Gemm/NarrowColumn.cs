using System.Numerics.Tensors;

namespace PerCo.Engine.Backends.Cpu.Gemm;

/// <summary>Rounds a column of a matrix to a narrow format.</summary>
internal static unsafe class NarrowColumn
{
    /// <summary>Exponent of the largest fp16 values.</summary>
    private const int LargestHalf = 15;

    /// <summary>What <see cref="ISimd{V}.WidenHalf"/> leaves out.</summary>
    private const int HalfBias = 112;

    private const int LargestByte = 127;

    /// <summary>Values that are rounded at once.</summary>
    private const int Piece = 256;

    /// <summary>Writes a column.</summary>
    /// <param name="values">The column.</param>
    /// <param name="format">fp16 or int8.</param>
    /// <param name="destination">Its first value.</param>
    /// <param name="stride">Distance between its values.</param>
    /// <param name="factor">What the widened values are multiplied with.</param>
    /// <returns>False where a value is not finite or too large, or the factor is.</returns>
    public static bool Store(
        ReadOnlySpan<float> values, PanelFormat format, byte* destination, int stride, out float factor)
    {
        float largest = values.IsEmpty ? 0 : Math.Abs(TensorPrimitives.MaxMagnitude(values));
        factor = 1;
        if (largest == 0)
        {
            return true;
        }

        return float.IsFinite(largest) && (format == PanelFormat.Fp16
            ? StoreHalves(values, largest, (Half*)destination, stride, out factor)
            : StoreBytes(values, largest, (sbyte*)destination, stride, out factor));
    }

    // The column is moved up to fp16's largest exponent, where small values keep all their bits: a column of an fp16
    // checkpoint comes back exactly, and none of its values is subnormal, which processors are slow with.
    private static bool StoreHalves(
        ReadOnlySpan<float> values, float largest, Half* destination, int stride, out float factor)
    {
        // Rounding up may reach the next power of two, which is beyond the largest fp16 value.
        int shift = LargestHalf - MathF.ILogB((float)(Half)MathF.ScaleB(largest, -MathF.ILogB(largest)))
            - MathF.ILogB(largest);
        factor = MathF.ScaleB(1, HalfBias - shift);
        if (!float.IsFinite(factor) || shift > HalfBias)
        {
            return false;
        }

        float scale = MathF.ScaleB(1, shift);
        Span<float> scaled = stackalloc float[Piece];
        Span<Half> rounded = stackalloc Half[Piece];
        for (int first = 0; first < values.Length; first += Piece)
        {
            ReadOnlySpan<float> piece = values.Slice(first, Math.Min(Piece, values.Length - first));
            TensorPrimitives.Multiply(piece, scale, scaled);
            TensorPrimitives.ConvertToHalf(scaled[..piece.Length], rounded);
            for (int i = 0; i < piece.Length; i++)
            {
                destination[(long)(first + i) * stride] = rounded[i];
            }
        }

        return true;
    }

    private static bool StoreBytes(
        ReadOnlySpan<float> values, float largest, sbyte* destination, int stride, out float factor)
    {
        factor = largest / LargestByte;
        if (!float.IsNormal(factor))
        {
            return false;
        }

        for (int i = 0; i < values.Length; i++)
        {
            destination[(long)i * stride] = (sbyte)MathF.Round(values[i] / factor);
        }

        return true;
    }
}
