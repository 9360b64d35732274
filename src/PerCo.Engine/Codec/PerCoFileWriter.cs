using System.Buffers;
using System.Buffers.Binary;
using System.Numerics;
using PerCo.Engine.Codec.Captions;
using PerCo.Engine.IO;

namespace PerCo.Engine.Codec;

/// <summary>Writes the container; docs/FORMAT.md has the byte table.</summary>
internal static class PerCoFileWriter
{
    public static byte[] Write(PerCoFile file)
    {
        Check(file);
        var output = new ArrayBufferWriter<byte>(4096);
        output.Write(PerCoFileReader.Magic);
        int options = (file.Seed is null ? 0 : PerCoFileReader.OptionSeed)
            | (file.Steps is null ? 0 : PerCoFileReader.OptionSteps)
            | (file.GuidanceHundredths is null ? 0 : PerCoFileReader.OptionGuidance);
        int rate = RateNumber(file.Grid);
        Byte(output, (options != 0 ? PerCoFileReader.HasOptions : 0)
            | PerCoFile.CurrentVersion << PerCoFileReader.VersionShift | rate);
        BinaryPrimitives.WriteUInt32LittleEndian(output.GetSpan(4), file.ModelIdentity);
        output.Advance(4);
        Varint(output, file.Width);
        Varint(output, file.Height);
        if (rate == PerCoFileReader.RateSpelledOut)
        {
            Byte(output, BitOperations.Log2((uint)file.Grid.Stride));
            Varint(output, file.Grid.Entries);
            Varint(output, file.Grid.Books);
        }

        if (options != 0)
        {
            Byte(output, options);
        }

        if (file.Seed is { } seed)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(output.GetSpan(8), seed);
            output.Advance(8);
        }

        if (file.Steps is { } steps)
        {
            Varint(output, steps);
        }

        if (file.GuidanceHundredths is { } guidance)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(output.GetSpan(2), (ushort)guidance);
            output.Advance(2);
        }

        if (file.Grid.HasCodes)
        {
            output.Write(IndexPacking.Pack(file.Indices.ToArray(), file.Grid.Entries));
        }

        if (file.Caption.Length > 0)
        {
            output.Write(CaptionCoder.Encode(file.Caption));
        }

        BinaryPrimitives.WriteUInt32LittleEndian(output.GetSpan(4), Crc32.Compute(output.WrittenSpan));
        output.Advance(4);
        return output.WrittenSpan.ToArray();
    }

    /// <summary>Refuses what the format cannot hold.</summary>
    /// <exception cref="ArgumentException">A part is missing, out of range, or does not fit the others.</exception>
    public static void Check(PerCoFile file)
    {
        if (file.Indices is null || file.Caption is null)
        {
            throw new ArgumentException("The codes or the caption are null, expected empty ones for none.");
        }

        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(file.Width);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(file.Height);
        CodeGrid grid = file.Grid;
        if (grid.HasCodes && (!BitOperations.IsPow2(grid.Stride) || grid.Stride > CodeGrid.MaxStride
            || grid.Entries is < 2 or > CodeGrid.MaxEntries || grid.Books is < 1 or > CodeGrid.MaxBooks))
        {
            throw new ArgumentException($"The format cannot hold the grid {grid}.");
        }

        if (file.Indices.Count != grid.Count(file.Width, file.Height))
        {
            throw new ArgumentException(
                $"{file.Width}x{file.Height} with {grid} has {grid.Count(file.Width, file.Height)} codes, "
                + $"got {file.Indices.Count}.");
        }

        if (file.Steps is { } steps)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(steps, 1);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(steps, PerCoFileReader.MaxSteps);
        }

        if (file.GuidanceHundredths is { } guidance)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(guidance);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(guidance, ushort.MaxValue);
        }

        CaptionCoder.Check(file.Caption);
    }

    private static int RateNumber(CodeGrid grid)
    {
        if (!grid.HasCodes)
        {
            return PerCoFileReader.RateNone;
        }

        for (int i = 0; i < CodeGrid.Published.Count; i++)
        {
            if (CodeGrid.Published[i] == grid)
            {
                return i;
            }
        }

        return PerCoFileReader.RateSpelledOut;
    }

    private static void Byte(ArrayBufferWriter<byte> output, int value)
    {
        output.GetSpan(1)[0] = (byte)value;
        output.Advance(1);
    }

    private static void Varint(ArrayBufferWriter<byte> output, int value)
    {
        uint rest = (uint)value;
        for (; rest >= 0x80; rest >>= 7)
        {
            Byte(output, (int)(rest & 0x7F) | 0x80);
        }

        Byte(output, (int)rest);
    }
}
