using PerCo.Engine.Tensors;
using Xunit;

namespace PerCo.Engine.Tests.Tensors;

public sealed class HalfWideningTests
{
    [Fact]
    public void EveryValueIsTheRuntimesOwn()
    {
        ushort[] bits = [.. Enumerable.Range(0, 1 << 16).Select(i => (ushort)i)];
        var values = new float[bits.Length];
        HalfWidening.Widen(bits, values);
        for (int i = 0; i < bits.Length; i++)
        {
            Half half = BitConverter.UInt16BitsToHalf(bits[i]);
            if (Half.IsNaN(half))
            {
                Assert.True(float.IsNaN(values[i]));
                continue;
            }

            Assert.Equal(BitConverter.SingleToInt32Bits((float)half), BitConverter.SingleToInt32Bits(values[i]));
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(8)]
    [InlineData(19)]
    public void AnyLengthIsWidenedAndNoMore(int length)
    {
        ushort[] bits = [.. Enumerable.Range(0, length).Select(i => BitConverter.HalfToUInt16Bits((Half)i))];
        var values = new float[length + 1];
        values[length] = -1;
        HalfWidening.Widen(bits, values.AsSpan(0, length));
        Assert.Equal([.. Enumerable.Range(0, length).Select(i => (float)i), -1], values);
    }
}
