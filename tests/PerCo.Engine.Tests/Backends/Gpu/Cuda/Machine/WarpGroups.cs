using System.Numerics;
using System.Runtime.Intrinsics;

namespace PerCo.Engine.Tests.Backends.Gpu.Cuda.Machine;

/// <summary>
/// wgmma.mma_async.m64nNk16. The first operand is in registers, as mma's, or rows along the inputs in shared memory;
/// the second's columns lie along the inputs there too, or along the outputs ("transposed"; PTX ISA, "Asynchronous
/// Warpgroup Level Matrix Shared Memory Layout", with 128-byte swizzle).
/// </summary>
internal sealed unsafe class WarpGroupProduct(
    int[] sums, int[] registers, int a, int b, bool transposed, float[] values) : PtxInstruction
{
    private const int Depth = 16;
    private const int Atom = 64;
    private const ulong Swizzle128 = 1;

    public override bool IsAligned => true;

    /// <summary>Registers of the sums: for each 8 columns, two of a row and two of the row 8 below.</summary>
    public int[] Sums => sums;

    /// <summary>Registers that it uses until it is complete.</summary>
    public int[] Busy { get; } = [.. sums, .. registers];

    private int Columns => sums.Length * 2;

    public override PtxStep Execute(PtxWarp warp, uint lanes)
    {
        warp.Asynchronous.StartProduct(this, registers.Length > 0 ? 0 : Descriptor(warp, a), Descriptor(warp, b));
        return PtxStep.Next;
    }

    /// <summary>Checks what the warp's tensor cores read, its rows and all columns, as of a moment.</summary>
    public void Touch(PtxWarp warp, ulong a, ulong b, uint[]? moment)
    {
        for (int row = 0; row < 16 && registers.Length == 0; row++)
        {
            Read(Row(a, FirstRow(warp) + row, 0));
            Read(Row(a, FirstRow(warp) + row, 8));
        }

        for (int k = 0; k < Depth && transposed; k++)
        {
            for (int column = 0; column < Columns; column += 8)
            {
                Read(Column(b, k, column));
            }
        }

        for (int column = 0; column < Columns && !transposed; column++)
        {
            Read(Row(b, column, 0));
            Read(Row(b, column, 8));
        }

        void Read(long address)
        {
            _ = warp.Group.Shared.At(address, 16, 16);
            if (moment is not null)
            {
                warp.Group.Shared.Races!.ReadAsynchronously(warp.Index, moment, (int)address, 16);
            }
        }
    }

    /// <summary>Adds the product to the sums.</summary>
    public void Complete(PtxWarp warp, ulong a, ulong b)
    {
        float* right = stackalloc float[Depth * Columns];
        LoadRight(warp, b, right);
        float* left = stackalloc float[Depth];
        float* sum = stackalloc float[Columns];
        for (int row = 0; row < 16; row++)
        {
            LoadLeft(warp, a, row, left);
            for (int column = 0; column < Columns; column++)
            {
                sum[column] = BitConverter.UInt32BitsToSingle(*Sum(warp, row, column));
            }

            for (int k = 0; k < Depth; k++)
            {
                var factor = Vector256.Create(left[k]);
                for (int column = 0; column < Columns; column += 8)
                {
                    Vector256.FusedMultiplyAdd(
                        factor, Vector256.Load(right + (k * Columns) + column), Vector256.Load(sum + column))
                        .Store(sum + column);
                }
            }

            for (int column = 0; column < Columns; column++)
            {
                *Sum(warp, row, column) = BitConverter.SingleToUInt32Bits(sum[column]);
            }
        }
    }

    private void LoadLeft(PtxWarp warp, ulong a, int row, float* left)
    {
        if (registers.Length == 0)
        {
            Convert((ushort*)warp.Group.Shared.At(Row(a, FirstRow(warp) + row, 0), 16, 16), left);
            Convert((ushort*)warp.Group.Shared.At(Row(a, FirstRow(warp) + row, 8), 16, 16), left + 8);
            return;
        }

        for (int k = 0; k < Depth; k++)
        {
            uint pair = warp.Words[
                (registers[(row / 8) + (k / 8 * 2)] * PtxWarp.Size) + (row % 8 * 4) + (k % 8 / 2)];
            left[k] = values[k % 2 == 0 ? (ushort)pair : pair >> 16];
        }
    }

    private void LoadRight(PtxWarp warp, ulong b, float* right)
    {
        for (int k = 0; k < Depth && transposed; k++)
        {
            for (int column = 0; column < Columns; column += 8)
            {
                Convert((ushort*)warp.Group.Shared.At(Column(b, k, column), 16, 16), right + (k * Columns) + column);
            }
        }

        float* eight = stackalloc float[8];
        for (int column = 0; column < Columns && !transposed; column++)
        {
            for (int k = 0; k < Depth; k += 8)
            {
                Convert((ushort*)warp.Group.Shared.At(Row(b, column, k), 16, 16), eight);
                for (int i = 0; i < 8; i++)
                {
                    right[((k + i) * Columns) + column] = eight[i];
                }
            }
        }
    }

    private static int FirstRow(PtxWarp warp) => warp.Index % 4 * 16;

    private static ulong Descriptor(PtxWarp warp, int register)
    {
        var lanes = new ReadOnlySpan<ulong>(warp.Longs + (register * PtxWarp.Size), PtxWarp.Size);
        return lanes.ContainsAnyExcept(lanes[0]) ? throw new PtxFault("lanes have different descriptors") : lanes[0];
    }

    private uint* Sum(PtxWarp warp, int row, int column) =>
        warp.Words + (sums[(column / 8 * 4) + (row / 8 * 2) + (column % 2)] * PtxWarp.Size)
        + (row % 8 * 4) + (column % 8 / 2);

    private void Convert(ushort* from, float* to)
    {
        for (int i = 0; i < 8; i++)
        {
            to[i] = values[from[i]];
        }
    }

    // Rows of 128 bytes, 8 and 8 of them as far apart as the descriptor's stride says.
    private static long Row(ulong descriptor, int row, int k) =>
        Swizzled(descriptor, (row / 8 * Field(descriptor, 32)) + (row % 8 * 128) + (k * 2));

    // 64 columns in 128 bytes, as far apart as the leading distance says; 8 and 8 inputs as the stride says.
    private static long Column(ulong descriptor, int k, int column) =>
        Swizzled(descriptor,
            (column / Atom * Field(descriptor, 16)) + (k / 8 * Field(descriptor, 32)) + (k % 8 * 128)
            + (column % Atom * 2));

    private static long Field(ulong descriptor, int bit) => (long)((descriptor >> bit) & 0x3FFF) << 4;

    private static long Swizzled(ulong descriptor, long distance)
    {
        if (descriptor >> 62 != Swizzle128)
        {
            throw new PtxFault($"descriptor {descriptor:x16} is not of 128-byte swizzle");
        }

        long address = Field(descriptor, 0) + distance;
        return address ^ ((address >> 3) & 0x70);
    }
}

/// <summary>What cuTensorMapEncodeTiled says, as this device keeps it in the 128 bytes.</summary>
internal struct PtxTensorMap
{
    public const ulong Known = 0x50414D524F534E54;

    public ulong Mark;
    public ulong Address;
    public ulong Columns;
    public ulong Rows;
    public ulong RowBytes;
    public uint BoxColumns;
    public uint BoxRows;
}

/// <summary>
/// cp.async.bulk.tensor.2d of 16-bit numbers with 128-byte swizzle: a box, zeros outside of the matrix.
/// </summary>
internal sealed unsafe class CopyBox(int to, int map, int column, int row, int barrier) : PtxInstruction
{
    public override PtxStep Execute(PtxWarp warp, uint lanes)
    {
        for (; lanes != 0; lanes &= lanes - 1)
        {
            Start(warp, BitOperations.TrailingZeroCount(lanes));
        }

        return PtxStep.Next;
    }

    private void Start(PtxWarp warp, int lane)
    {
        PtxGroup group = warp.Group;
        ulong at = warp.Longs[(map * PtxWarp.Size) + lane];
        if (at % 64 != 0 || !group.Launch.Device.Has((nint)at, 128) || ((PtxTensorMap*)at)->Mark != PtxTensorMap.Known)
        {
            throw new PtxFault($"there is no tensor map at {at:x}");
        }

        if (!warp.Fenced.Contains((lane, at)))
        {
            throw new PtxFault($"the map at {at:x} was not fenced by lane {lane}");
        }

        PtxTensorMap matrix = *(PtxTensorMap*)at;
        uint address = warp.Words[(to * PtxWarp.Size) + lane], full = warp.Words[(barrier * PtxWarp.Size) + lane];
        int column0 = (int)warp.Words[(column * PtxWarp.Size) + lane];
        int row0 = (int)warp.Words[(row * PtxWarp.Size) + lane];
        int bytes = (int)(matrix.BoxColumns * matrix.BoxRows * sizeof(ushort));
        byte* box = group.Shared.At(address, bytes, 128);
        group.Barriers.Check(full);
        group.Shared.Races?.StartEngine(warp.Index, (int)address, bytes);
        group.Later(() =>
        {
            Copy(matrix, column0, row0, address, box);
            group.Barriers.Complete(full, (int)address, bytes);
        });
    }

    private static void Copy(PtxTensorMap matrix, int column0, int row0, uint address, byte* box)
    {
        for (int y = 0; y < matrix.BoxRows; y++)
        {
            for (int x = 0; x < matrix.BoxColumns; x++)
            {
                long row = row0 + y, column = column0 + x;
                bool inside = row >= 0 && row < (long)matrix.Rows && column >= 0 && column < (long)matrix.Columns;
                ulong from = matrix.Address + ((ulong)row * matrix.RowBytes) + ((ulong)column * sizeof(ushort));
                long to = address + (((y * matrix.BoxColumns) + x) * sizeof(ushort));
                to ^= (to >> 3) & 0x70;
                *(ushort*)(box + to - address) = inside ? *(ushort*)from : (ushort)0;
            }
        }
    }
}

/// <summary>setmaxnreg: a warp gives registers back, or waits until there are as many as it takes.</summary>
internal sealed class SetRegisters(int count) : PtxInstruction
{
    public override bool IsAligned => true;

    public override PtxStep Execute(PtxWarp warp, uint lanes)
    {
        if (count - warp.Registers > warp.Group.FreeRegisters)
        {
            return PtxStep.Again;
        }

        warp.Registers = count;
        return PtxStep.Next;
    }
}
