using PerCo.Engine.Backends;
using PerCo.Engine.Imaging;
using PerCo.Engine.Tensors;
using PerCo.Engine.Weights;

namespace PerCo.Engine.Networks.Blip2;

/// <summary>
/// A picture as the vision transformer wants it: resized to its square without keeping the aspect ratio, scaled and
/// normalised. Source: transformers 4.37, models/blip/image_processing_blip.py, BlipImageProcessor.
/// </summary>
internal sealed class Blip2ImageProcessor
{
    private readonly bool _resize;
    private readonly ResampleFilter _filter;
    private readonly float[] _values;

    private Blip2ImageProcessor(ConfigReader reader)
    {
        File = reader.File;
        reader.OneOf("image_processor_type", "BlipImageProcessor", "BlipImageProcessor");
        if (reader.Bool("do_center_crop", false))
        {
            throw reader.Error("do_center_crop", "is true, expected false: the captioner sees the whole picture");
        }

        _resize = reader.Bool("do_resize", true);
        (Height, Width) = ReadSize(reader);
        _filter = ReadFilter(reader);
        _values = ReadValues(reader);
    }

    /// <summary>Where the settings come from, as errors say it.</summary>
    public string File { get; }

    /// <summary>Rows of the result.</summary>
    public int Height { get; }

    /// <summary>Columns of the result.</summary>
    public int Width { get; }

    /// <summary>Reads a <c>preprocessor_config.json</c>.</summary>
    /// <exception cref="PerCoException">A field that is damaged or not supported; the message names it.</exception>
    public static Blip2ImageProcessor Read(ConfigReader reader) => new(reader);

    /// <summary>Resizes and normalises a picture.</summary>
    /// <returns>[1, height, width, 3].</returns>
    /// <exception cref="PerCoException">The file turns resizing off, and the picture has another size.</exception>
    public Tensor Process(Backend backend, Image image)
    {
        if (!_resize && (image.Width != Width || image.Height != Height))
        {
            throw new PerCoException(
                $"{File}: 'do_resize' is false, and the picture is {image.Width}x{image.Height}, "
                + $"expected {Width}x{Height}. Set it to true, or resize the picture first.");
        }

        Image resized = Resampler.Resize(image, Width, Height, _filter);
        ReadOnlySpan<byte> samples = resized.Pixels;
        var pixels = new float[samples.Length];
        for (int i = 0; i < pixels.Length; i += Image.Channels)
        {
            pixels[i] = _values[samples[i]];
            pixels[i + 1] = _values[256 + samples[i + 1]];
            pixels[i + 2] = _values[512 + samples[i + 2]];
        }

        return backend.Upload(new Shape(1, Height, Width, Image.Channels), pixels);
    }

    private static (int Height, int Width) ReadSize(ConfigReader reader)
    {
        const int MaxSide = 1 << 14;
        const int DefaultSide = 384;
        ConfigReader size = reader.Section("size");
        foreach (string name in size.Names)
        {
            if (name is not ("height" or "width"))
            {
                throw reader.Error("size", $"has '{name}', expected height and width");
            }
        }

        return (size.Int("height", DefaultSide, 1, MaxSide), size.Int("width", DefaultSide, 1, MaxSide));
    }

    // The numbers are Pillow's.
    private static ResampleFilter ReadFilter(ConfigReader reader) => reader.Int("resample", 3) switch
    {
        1 => ResampleFilter.Lanczos,
        2 => ResampleFilter.Bilinear,
        3 => ResampleFilter.Bicubic,
        4 => ResampleFilter.Box,
        int other => throw reader.Error(
            "resample", $"is {other}, expected 1 (Lanczos), 2 (bilinear), 3 (bicubic) or 4 (box)"),
    };

    // What each of the 256 samples of each channel becomes, in the reference's precision: 3 · 256 values.
    private static float[] ReadValues(ConfigReader reader)
    {
        bool rescale = reader.Bool("do_rescale", true), normalise = reader.Bool("do_normalize", true);
        double factor = reader.Double("rescale_factor", 1 / 255.0);
        double[] mean = reader.Doubles("image_mean", [0.48145466, 0.4578275, 0.40821073], count: 3);
        double[] deviation = reader.Doubles("image_std", [0.26862954, 0.26130258, 0.27577711], 1e-6, count: 3);
        var values = new float[3 * 256];
        for (int i = 0; i < values.Length; i++)
        {
            int channel = i / 256, sample = i % 256;
            float value = rescale ? (float)(sample * factor) : sample;
            values[i] = normalise ? (value - (float)mean[channel]) / (float)deviation[channel] : value;
        }

        return values;
    }
}
