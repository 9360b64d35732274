using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace PerCo.Engine.Backends.Cpu;

/// <summary>Copies of small matrices with rows and columns exchanged.</summary>
internal static unsafe class Transpose
{
    private const int Block = 4;

    private const int LargeBlock = 16;

    /// <summary>to[column][row] = from[row][column].</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Copy(float* from, long fromStride, int rows, int columns, float* to, long toStride)
    {
        if (rows < Block || columns < Block || !HasBlocks)
        {
            CopyValues(from, fromStride, rows, columns, to, toStride);
            return;
        }

        // The last blocks overlap those before: they write the same values again.
        int block = Avx512F.IsSupported && rows >= LargeBlock && columns >= LargeBlock ? LargeBlock : Block;
        for (int y = 0; y < rows; y += block)
        {
            int row = Math.Min(y, rows - block);
            for (int x = 0; x < columns; x += block)
            {
                int column = Math.Min(x, columns - block);
                float* source = from + row * fromStride + column;
                float* destination = to + column * toStride + row;
                if (block == LargeBlock)
                {
                    CopyLargeBlock(source, fromStride, destination, toStride);
                }
                else
                {
                    CopyBlock(source, fromStride, destination, toStride);
                }
            }
        }
    }

    private static bool HasBlocks => Sse.IsSupported || AdvSimd.Arm64.IsSupported;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void CopyValues(float* from, long fromStride, int rows, int columns, float* to, long toStride)
    {
        for (int row = 0; row < rows; row++)
        {
            for (int column = 0; column < columns; column++)
            {
                to[column * toStride + row] = from[row * fromStride + column];
            }
        }
    }

    // Pairs of rows are zipped twice: a0 b0 a1 b1, then a0 b0 c0 d0.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void CopyBlock(float* from, long fromStride, float* to, long toStride)
    {
        Vector128<float> a = Vector128.Load(from), b = Vector128.Load(from + fromStride);
        Vector128<float> c = Vector128.Load(from + 2 * fromStride), d = Vector128.Load(from + 3 * fromStride);
        Vector128<float> ac0 = ZipLower(a, c), ac1 = ZipUpper(a, c), bd0 = ZipLower(b, d), bd1 = ZipUpper(b, d);
        ZipLower(ac0, bd0).Store(to);
        ZipUpper(ac0, bd0).Store(to + toStride);
        ZipLower(ac1, bd1).Store(to + 2 * toStride);
        ZipUpper(ac1, bd1).Store(to + 3 * toStride);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> ZipLower(Vector128<float> a, Vector128<float> b) =>
        Sse.IsSupported ? Sse.UnpackLow(a, b) : AdvSimd.Arm64.ZipLow(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> ZipUpper(Vector128<float> a, Vector128<float> b) =>
        Sse.IsSupported ? Sse.UnpackHigh(a, b) : AdvSimd.Arm64.ZipHigh(a, b);

    // Blocks of 4×4 within 128-bit lanes, from four rows each: rows i, columns 4j + c, become lane j of vector 4i + c.
    // Then lanes are dealt out, which is a transposition of 4×4 lanes.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void CopyLargeBlock(float* from, long fromStride, float* to, long toStride)
    {
        TransposeLanes(
            from, fromStride, out Vector512<float> a0, out Vector512<float> a1, out Vector512<float> a2,
            out Vector512<float> a3);
        TransposeLanes(
            from + 4 * fromStride, fromStride, out Vector512<float> b0, out Vector512<float> b1,
            out Vector512<float> b2, out Vector512<float> b3);
        TransposeLanes(
            from + 8 * fromStride, fromStride, out Vector512<float> c0, out Vector512<float> c1,
            out Vector512<float> c2, out Vector512<float> c3);
        TransposeLanes(
            from + 12 * fromStride, fromStride, out Vector512<float> d0, out Vector512<float> d1,
            out Vector512<float> d2, out Vector512<float> d3);
        StoreLanes(a0, b0, c0, d0, to, toStride);
        StoreLanes(a1, b1, c1, d1, to + toStride, toStride);
        StoreLanes(a2, b2, c2, d2, to + 2 * toStride, toStride);
        StoreLanes(a3, b3, c3, d3, to + 3 * toStride, toStride);
    }

    // Four rows of 16: vector c has in lane j column 4j + c.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void TransposeLanes(
        float* from, long stride, out Vector512<float> r0, out Vector512<float> r1, out Vector512<float> r2,
        out Vector512<float> r3)
    {
        Vector512<float> a = Vector512.Load(from), b = Vector512.Load(from + stride);
        Vector512<float> c = Vector512.Load(from + 2 * stride), d = Vector512.Load(from + 3 * stride);
        Vector512<float> ac0 = Avx512F.UnpackLow(a, c), ac1 = Avx512F.UnpackHigh(a, c);
        Vector512<float> bd0 = Avx512F.UnpackLow(b, d), bd1 = Avx512F.UnpackHigh(b, d);
        r0 = Avx512F.UnpackLow(ac0, bd0);
        r1 = Avx512F.UnpackHigh(ac0, bd0);
        r2 = Avx512F.UnpackLow(ac1, bd1);
        r3 = Avx512F.UnpackHigh(ac1, bd1);
    }

    // Lane j of the four is row 4j of what is stored from the first column on.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreLanes(
        Vector512<float> a, Vector512<float> b, Vector512<float> c, Vector512<float> d, float* to, long stride)
    {
        const byte even = 0b10_00_10_00, odd = 0b11_01_11_01;
        Vector512<float> ab02 = Avx512F.Shuffle4x128(a, b, even), ab13 = Avx512F.Shuffle4x128(a, b, odd);
        Vector512<float> cd02 = Avx512F.Shuffle4x128(c, d, even), cd13 = Avx512F.Shuffle4x128(c, d, odd);
        Avx512F.Shuffle4x128(ab02, cd02, even).Store(to);
        Avx512F.Shuffle4x128(ab13, cd13, even).Store(to + 4 * stride);
        Avx512F.Shuffle4x128(ab02, cd02, odd).Store(to + 8 * stride);
        Avx512F.Shuffle4x128(ab13, cd13, odd).Store(to + 12 * stride);
    }
}
