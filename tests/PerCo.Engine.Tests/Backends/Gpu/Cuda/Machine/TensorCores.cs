using System.Runtime.Intrinsics;

namespace PerCo.Engine.Tests.Backends.Gpu.Cuda.Machine;

/// <summary>16-bit numbers as fp32, by their bits.</summary>
internal static class Halves
{
    public static readonly float[] Fp16 =
        [.. Enumerable.Range(0, 1 << 16).Select(bits => (float)BitConverter.UInt16BitsToHalf((ushort)bits))];

    public static readonly float[] Bf16 =
        [.. Enumerable.Range(0, 1 << 16).Select(bits => BitConverter.UInt32BitsToSingle((uint)bits << 16))];
}

/// <summary>shfl.sync.bfly.</summary>
internal sealed unsafe class Exchange(int to, int from, int mask) : PtxInstruction
{
    public override bool IsAligned => true;

    public override PtxStep Execute(PtxWarp warp, uint lanes)
    {
        uint* x = warp.Words + (from * PtxWarp.Size), m = warp.Words + (mask * PtxWarp.Size);
        uint* result = stackalloc uint[PtxWarp.Size];
        for (int lane = 0; lane < PtxWarp.Size; lane++)
        {
            result[lane] = x[lane ^ (int)(m[lane] & 31)];
        }

        new ReadOnlySpan<uint>(result, PtxWarp.Size).CopyTo(
            new Span<uint>(warp.Words + (to * PtxWarp.Size), PtxWarp.Size));
        return PtxStep.Next;
    }
}

/// <summary>ldmatrix.x4: four 8x8 matrices, of whose rows lane 8 i + r has the address of row r of matrix i.</summary>
internal sealed unsafe class LoadMatrices(int[] to, int address, bool transposed) : PtxInstruction
{
    public override bool IsAligned => true;

    public override PtxStep Execute(PtxWarp warp, uint lanes)
    {
        ushort** rows = stackalloc ushort*[PtxWarp.Size];
        for (int lane = 0; lane < PtxWarp.Size; lane++)
        {
            rows[lane] = (ushort*)warp.Group.Shared.Read(
                warp, lane, warp.Words[(address * PtxWarp.Size) + lane], 16);
        }

        for (int i = 0; i < 4; i++)
        {
            for (int lane = 0; lane < PtxWarp.Size; lane++)
            {
                int across = lane / 4, along = lane % 4 * 2;
                uint first = transposed ? rows[(i * 8) + along][across] : rows[(i * 8) + across][along];
                uint second = transposed ? rows[(i * 8) + along + 1][across] : rows[(i * 8) + across][along + 1];
                warp.Words[(to[i] * PtxWarp.Size) + lane] = first | (second << 16);
            }
        }

        return PtxStep.Next;
    }
}

/// <summary>mma.sync.m16n8k16 (PTX ISA, "Matrix Fragments for mma.m16n8k16").</summary>
internal sealed unsafe class MatrixProduct(int[] d, int[] a, int[] b, int[] c, float[] values) : PtxInstruction
{
    private const int Depth = 16;

    public override bool IsAligned => true;

    public override PtxStep Execute(PtxWarp warp, uint lanes)
    {
        float* left = stackalloc float[16 * Depth];
        float* right = stackalloc float[Depth * 8];
        float* sums = stackalloc float[16 * 8];
        for (int lane = 0; lane < PtxWarp.Size; lane++)
        {
            int row = lane / 4, pair = lane % 4 * 2;
            for (int i = 0; i < 4; i++)
            {
                int at = ((row + (i % 2 * 8)) * Depth) + pair + (i / 2 * 8);
                uint two = warp.Words[(a[i] * PtxWarp.Size) + lane];
                (left[at], left[at + 1]) = (values[(ushort)two], values[two >> 16]);
                int sum = ((row + (i / 2 * 8)) * 8) + pair + (i % 2);
                sums[sum] = BitConverter.UInt32BitsToSingle(warp.Words[(c[i] * PtxWarp.Size) + lane]);
            }

            for (int i = 0; i < 2; i++)
            {
                uint two = warp.Words[(b[i] * PtxWarp.Size) + lane];
                int at = ((pair + (i * 8)) * 8) + row;
                (right[at], right[at + 8]) = (values[(ushort)two], values[two >> 16]);
            }
        }

        for (int row = 0; row < 16; row++)
        {
            Vector256<float> sum = Vector256.Load(sums + (row * 8));
            for (int k = 0; k < Depth; k++)
            {
                sum = Vector256.FusedMultiplyAdd(
                    Vector256.Create(left[(row * Depth) + k]), Vector256.Load(right + (k * 8)), sum);
            }

            sum.Store(sums + (row * 8));
        }

        for (int lane = 0; lane < PtxWarp.Size; lane++)
        {
            for (int i = 0; i < 4; i++)
            {
                int sum = (((lane / 4) + (i / 2 * 8)) * 8) + (lane % 4 * 2) + (i % 2);
                warp.Words[(d[i] * PtxWarp.Size) + lane] = BitConverter.SingleToUInt32Bits(sums[sum]);
            }
        }

        return PtxStep.Next;
    }
}
