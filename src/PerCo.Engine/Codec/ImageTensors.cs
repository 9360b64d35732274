using PerCo.Engine.Backends;
using PerCo.Engine.Imaging;
using PerCo.Engine.Tensors;

namespace PerCo.Engine.Codec;

/// <summary>Between 8-bit pictures and the autoencoder's [−1, 1].</summary>
internal static class ImageTensors
{
    /// <summary>Values beyond this are a broken network's, not a bright highlight's.</summary>
    private const float MaxAbs = 100;

    /// <summary>[1, height, width, 3] with samples 2 · value / 255 − 1.</summary>
    public static Tensor Upload(Backend backend, Image image)
    {
        byte[] pixels = image.Pixels;
        var values = new float[pixels.Length];
        for (int i = 0; i < pixels.Length; i++)
        {
            values[i] = pixels[i] / 127.5f - 1;
        }

        return backend.Upload(new Shape(1, image.Height, image.Width, Image.Channels), values);
    }

    /// <summary>Rounds to 8 bits, after a check that the values can be a picture's.</summary>
    /// <exception cref="PerCoException">NaN, infinity or implausible values.</exception>
    public static Image Download(Tensor picture)
    {
        float[] values = picture.ToFloats();
        StageGuard.CheckFinite("VAE decoder", values, MaxAbs);
        var pixels = new byte[values.Length];
        for (int i = 0; i < pixels.Length; i++)
        {
            // As the reference implementation: to [0, 1], then clamped, then to 0..255 with rounding to even.
            float unit = Math.Clamp(values[i] / 2 + 0.5f, 0, 1);
            pixels[i] = (byte)MathF.Round(unit * 255);
        }

        return new Image(picture.Shape.Width, picture.Shape.Height, pixels);
    }
}
