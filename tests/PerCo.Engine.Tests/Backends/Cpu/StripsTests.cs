using PerCo.Engine.Backends.Cpu.Gemm;
using Xunit;

namespace PerCo.Engine.Tests.Backends.Cpu;

public sealed class StripsTests
{
    [Theory]
    [InlineData(6)]
    [InlineData(14)]
    public void StripsFollowOneAnotherAndDifferByOneAtMost(int most)
    {
        for (int items = 0; items <= 200; items++)
        {
            var strips = new Strips(items, most);
            Assert.Equal((items + most - 1) / most, strips.Count);
            int next = 0;
            for (int strip = 0; strip < strips.Count; strip++)
            {
                Assert.Equal(next, strips.Start(strip));
                Assert.InRange(strips.Length(strip), items / strips.Count, Math.Min(most, items / strips.Count + 1));
                for (int i = 0; i < strips.Length(strip); i++)
                {
                    Assert.Equal(strip, strips.Of(next + i));
                }

                next += strips.Length(strip);
            }

            Assert.Equal(items, next);
        }
    }
}
