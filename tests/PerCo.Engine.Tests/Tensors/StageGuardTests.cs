using PerCo.Engine.Tensors;
using Xunit;

namespace PerCo.Engine.Tests.Tensors;

public sealed class StageGuardTests
{
    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.NegativeInfinity)]
    [InlineData(-10.5f)]
    public void FindsABadValueAnywhere(float bad)
    {
        for (int length = 1; length <= 40; length++)
        {
            for (int index = 0; index < length; index++)
            {
                float[] values = new float[length];
                Array.Fill(values, 10f);
                values[index] = bad;
                PerCoException error = Assert.Throws<PerCoException>(
                    () => StageGuard.CheckFinite("VAE decoder", values, 10));
                Assert.StartsWith($"VAE decoder: element {index} of {length} is ", error.Message);
            }
        }
    }

    [Fact]
    public void AcceptsTheBoundItselfAndNothingAtAll()
    {
        for (int length = 0; length <= 40; length++)
        {
            float[] values = [.. Enumerable.Range(0, length).Select(i => i % 2 == 0 ? 10f : -10f)];
            StageGuard.CheckFinite("VAE decoder", values, 10);
        }
    }
}
