using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace PerCo.Engine.Backends.Cpu;

/// <summary>Copies of small matrices with rows and columns exchanged.</summary>
internal static unsafe class Transpose
{
    private const int Block = 4;

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
        for (int y = 0; y < rows; y += Block)
        {
            int row = Math.Min(y, rows - Block);
            for (int x = 0; x < columns; x += Block)
            {
                int column = Math.Min(x, columns - Block);
                CopyBlock(from + row * fromStride + column, fromStride, to + column * toStride + row, toStride);
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
}
