using PerCo.Engine.Codec;
using PerCo.Engine.Diffusion;
using PerCo.Engine.Tensors;
using Xunit;

namespace PerCo.Engine.Tests.Codec;

/// <summary>Windows over a latent, with a network in their place that looks at single positions.</summary>
public class TiledNoisePredictorTests
{
    [Theory]
    [InlineData(47, 16, 1)]
    [InlineData(375, 128, 1)]
    [InlineData(500, 128, 4)]
    [InlineData(130, 128, 2)]
    [InlineData(24, 20, 8)]
    public void Windows_cover_every_position_with_a_weight_of_1(int extent, int window, int cell)
    {
        LatentWindows windows = LatentWindows.Cover(extent, window, cell);
        Assert.InRange(windows.Length, 1, window);
        Assert.Equal(0, windows.Length % cell);
        var sums = new double[extent];
        for (int i = 0; i < windows.Starts.Count; i++)
        {
            Assert.Equal(0, windows.Starts[i] % (extent % cell == 0 ? cell : 1));
            for (int p = 0; p < windows.Length; p++)
            {
                Assert.InRange(windows.Weights[i][p], float.Epsilon, 1);
                sums[windows.Starts[i] + p] += windows.Weights[i][p];
            }
        }

        Assert.All(sums, sum => Assert.Equal(1, sum, 1e-6));
    }

    [Fact]
    public void A_latent_that_fits_has_one_window()
    {
        LatentWindows windows = LatentWindows.Cover(30, 32, 2);
        Assert.Equal([0], windows.Starts);
        Assert.Equal(30, windows.Length);
        Assert.All(windows.Weights[0], weight => Assert.Equal(1, weight));
    }

    [Fact]
    public void Blended_windows_are_the_whole_where_positions_do_not_see_each_other()
    {
        const int Pictures = 2, Height = 23, Width = 40, Channels = 3;
        var random = new Random(1);
        float[] latents = Enumerable.Range(0, Pictures * Height * Width * Channels)
            .Select(_ => random.NextSingle() - 0.5f).ToArray();
        Conditions[] rows = [Conditions.None, Conditions.All];
        var expected = new float[2 * latents.Length];
        new Squares().Predict(latents, 7, rows, expected);

        var made = new List<(int Top, int Left)>();
        using var tiled = new TiledNoisePredictor(
            LatentWindows.Cover(Height, 12, 1), LatentWindows.Cover(Width, 16, 2),
            new Shape(Pictures, Height, Width, Channels),
            (top, left, _, _) =>
            {
                made.Add((top, left));
                return new Squares();
            });
        var actual = new float[expected.Length];
        tiled.Predict(latents, 7, rows, actual);
        Assert.True(made.Count > 4);
        Assert.Equal(made.Order(), made);
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.Equal(expected[i], actual[i], 1e-5f);
        }
    }

    private sealed class Squares : INoisePredictor
    {
        public void Predict(
            ReadOnlySpan<float> latents, float timestep, ReadOnlySpan<Conditions> rows, Span<float> outputs)
        {
            for (int i = 0; i < outputs.Length; i++)
            {
                float x = latents[i % latents.Length];
                outputs[i] = x * x * timestep + i / latents.Length;
            }
        }
    }
}
