using PerCo.Engine.Backends.Cpu;
using Xunit;

namespace PerCo.Engine.Tests.Backends.Cpu;

public sealed unsafe class TransposeTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 40)]
    [InlineData(4, 4)]
    [InlineData(15, 33)]
    [InlineData(16, 16)]
    [InlineData(16, 13)]
    [InlineData(17, 23)]
    [InlineData(112, 64)]
    public void Every_value_comes_to_its_place_and_nothing_else_is_written(int rows, int columns)
    {
        const float untouched = -1;
        int fromStride = columns + 3, toStride = rows + 5;
        var from = new float[rows * fromStride];
        var to = new float[columns * toStride];
        for (int i = 0; i < from.Length; i++)
        {
            from[i] = i;
        }

        Array.Fill(to, untouched);
        fixed (float* source = from, destination = to)
        {
            Transpose.Copy(source, fromStride, rows, columns, destination, toStride);
        }

        for (int i = 0; i < to.Length; i++)
        {
            (int column, int row) = int.DivRem(i, toStride);
            Assert.Equal(row < rows ? row * fromStride + column : untouched, to[i]);
        }
    }
}
