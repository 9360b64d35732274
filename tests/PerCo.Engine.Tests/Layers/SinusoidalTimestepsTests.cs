using PerCo.Engine.Layers;
using Xunit;

namespace PerCo.Engine.Tests.Layers;

/// <summary>The timestep's sines and cosines against their formula, evaluated in double precision.</summary>
public sealed class SinusoidalTimestepsTests
{
    [Theory]
    [InlineData(320, true, 0)]
    [InlineData(320, false, 0)]
    [InlineData(320, true, 1)]
    [InlineData(7, false, 1)]
    public void FollowsTheFormula(int channels, bool cosineFirst, int shift)
    {
        var timesteps = new SinusoidalTimesteps(channels, cosineFirst, shift);
        int half = channels / 2;
        foreach (float t in new[] { 0, 0.5f, 1, 500, 999 })
        {
            var values = new float[channels];
            values.AsSpan().Fill(float.NaN);
            timesteps.Write(t, values);
            for (int i = 0; i < half; i++)
            {
                double angle = t * Math.Exp(-Math.Log(10000) * i / (half - shift));

                // The frequency is rounded to fp32, whose last bit weighs t times as much in the angle.
                Assert.Equal(Math.Sin(angle), values[cosineFirst ? half + i : i], 1e-6 + (t * 3e-7));
                Assert.Equal(Math.Cos(angle), values[cosineFirst ? i : half + i], 1e-6 + (t * 3e-7));
            }

            Assert.All(values[(2 * half)..], value => Assert.Equal(0, value));
        }
    }
}
