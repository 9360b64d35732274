using PerCo.Engine.Diffusion;

namespace PerCo.Engine.Codec;

/// <summary>Starting noise in the engine's layout.</summary>
internal static class LatentNoise
{
    /// <summary>
    /// torch.randn([1, channels, height, width]) of the seed on the CPU, rearranged to [height, width, channels].
    /// </summary>
    public static float[] Draw(ulong seed, PictureGeometry geometry, int channels)
    {
        int positions = checked(geometry.LatentHeight * geometry.LatentWidth);
        var planes = new float[checked(channels * positions)];
        TorchNoise.Fill(seed, planes);
        var noise = new float[planes.Length];
        for (int c = 0; c < channels; c++)
        {
            for (int p = 0; p < positions; p++)
            {
                noise[p * channels + c] = planes[c * positions + p];
            }
        }

        return noise;
    }
}
