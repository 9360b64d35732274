namespace PerCo.Engine.Imaging.Formats.Jpeg;

/// <summary>
/// The inverse cosine transform of a block in integers, with the roundings of libjpeg's accurate method so that pixels
/// are equal to its. C. Loeffler, A. Ligtenberg and G. Moschytz, "Practical fast 1-D DCT algorithms with 11
/// multiplications", ICASSP 1989; here their variant with twelve, in which nothing is multiplied twice.
/// </summary>
internal static class JpegInverseDct
{
    // Fractional bits of the constants, and those kept between columns and rows.
    private const int ConstantBits = 13;
    private const int ColumnBits = 2;

    // √2 · cos(kπ/16) and sums of such, times 2^13: C6 = √2·cos(6π/16), S2 = √2·(cos(2π/16) - cos(6π/16)), …
    private const int C6 = 4433;
    private const int C2MinusC6 = 6270;
    private const int C2PlusC6 = 15137;
    private const int C3 = 9633;
    private const int OddSeven = 2446;
    private const int OddFive = 16819;
    private const int OddThree = 25172;
    private const int OddOne = 12299;
    private const int PairSevenOne = -7373;
    private const int PairFiveThree = -20995;
    private const int PairSevenThree = -16069;
    private const int PairFiveOne = -3196;

    /// <summary>Transforms one block.</summary>
    /// <param name="coefficients">8 rows of 8 as in the file.</param>
    /// <param name="quantization">What each is to be multiplied by.</param>
    /// <param name="samples">Receives 8 rows of 8.</param>
    /// <param name="stride">Samples from one row to the next.</param>
    public static void Transform(
        ReadOnlySpan<short> coefficients, ReadOnlySpan<ushort> quantization, Span<byte> samples, int stride)
    {
        if (coefficients[1..].IndexOfAnyExcept((short)0) < 0)
        {
            FillFlat(coefficients[0] * quantization[0], samples, stride);
            return;
        }

        Span<int> work = stackalloc int[JpegComponent.BlockSize];
        for (int i = 0; i < work.Length; i++)
        {
            work[i] = coefficients[i] * quantization[i];
        }

        for (int column = 0; column < 8; column++)
        {
            Line(work[column..], 8, ConstantBits - ColumnBits);
        }

        for (int row = 0; row < 8; row++)
        {
            // Three bits more for the factor 8 of two transforms.
            Line(work.Slice(8 * row, 8), 1, ConstantBits + ColumnBits + 3);
            Span<byte> target = samples.Slice(row * stride, 8);
            for (int column = 0; column < 8; column++)
            {
                target[column] = ToSample(work[(8 * row) + column]);
            }
        }
    }

    // What the two passes make of a block that has only its mean.
    private static void FillFlat(int mean, Span<byte> samples, int stride)
    {
        byte sample = ToSample(((mean << ColumnBits) + (1 << (ColumnBits + 2))) >> (ColumnBits + 3));
        for (int row = 0; row < 8; row++)
        {
            samples.Slice(row * stride, 8).Fill(sample);
        }
    }

    // One 8-point transform in place, over elements `step` apart, rounded and shifted right at the end.
    private static void Line(Span<int> x, int step, int shift)
    {
        // Even part: a butterfly of 0 and 4, and a rotation of 2 and 6.
        int x2 = x[2 * step], x6 = x[6 * step];
        int rotation = (x2 + x6) * C6;
        int e2 = rotation - (x6 * C2PlusC6);
        int e3 = rotation + (x2 * C2MinusC6);
        int e0 = (x[0] + x[4 * step]) << ConstantBits;
        int e1 = (x[0] - x[4 * step]) << ConstantBits;
        int half = 1 << (shift - 1);
        int a0 = e0 + e3 + half, a3 = e0 - e3 + half;
        int a1 = e1 + e2 + half, a2 = e1 - e2 + half;

        // Odd part: each output is a sum of the four inputs, sharing products of their pairwise sums.
        int x1 = x[step], x3 = x[3 * step], x5 = x[5 * step], x7 = x[7 * step];
        int shared = (x7 + x3 + x5 + x1) * C3;
        int pair73 = ((x7 + x3) * PairSevenThree) + shared;
        int pair51 = ((x5 + x1) * PairFiveOne) + shared;
        int pair71 = (x7 + x1) * PairSevenOne;
        int pair53 = (x5 + x3) * PairFiveThree;
        int b3 = (x7 * OddSeven) + pair71 + pair73;
        int b2 = (x5 * OddFive) + pair53 + pair51;
        int b1 = (x3 * OddThree) + pair53 + pair73;
        int b0 = (x1 * OddOne) + pair71 + pair51;

        x[0] = (a0 + b0) >> shift;
        x[7 * step] = (a0 - b0) >> shift;
        x[step] = (a1 + b1) >> shift;
        x[6 * step] = (a1 - b1) >> shift;
        x[2 * step] = (a2 + b2) >> shift;
        x[5 * step] = (a2 - b2) >> shift;
        x[3 * step] = (a3 + b3) >> shift;
        x[4 * step] = (a3 - b3) >> shift;
    }

    // Samples are centred on zero in the file (T.81, section A.3.1).
    private static byte ToSample(int value) => (byte)Math.Clamp(value + 128, 0, 255);
}
