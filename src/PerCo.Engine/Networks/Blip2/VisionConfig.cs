using PerCo.Engine.Tensors.Ops;
using PerCo.Engine.Weights;

namespace PerCo.Engine.Networks.Blip2;

/// <summary>Sizes of the vision transformer; the defaults are those of transformers' Blip2VisionConfig.</summary>
internal sealed record VisionConfig
{
    /// <summary>Channels (<c>hidden_size</c>).</summary>
    public int HiddenSize { get; init; } = 1408;

    /// <summary>Channels inside of a feed-forward (<c>intermediate_size</c>).</summary>
    public int IntermediateSize { get; init; } = 6144;

    /// <summary>Number of layers (<c>num_hidden_layers</c>).</summary>
    public int Layers { get; init; } = 39;

    /// <summary>Attention heads, a divisor of <see cref="HiddenSize"/> (<c>num_attention_heads</c>).</summary>
    public int Heads { get; init; } = 16;

    /// <summary>Rows and columns of the picture (<c>image_size</c>).</summary>
    public int ImageSize { get; init; } = 224;

    /// <summary>Rows and columns of a patch (<c>patch_size</c>).</summary>
    public int PatchSize { get; init; } = 14;

    /// <summary>Activation of a feed-forward (<c>hidden_act</c>).</summary>
    public Activation Activation { get; init; } = Activation.Gelu;

    /// <summary>Added to a variance (<c>layer_norm_eps</c>).</summary>
    public float LayerNormEpsilon { get; init; } = 1e-6f;

    /// <summary>Whether queries, keys and values have a bias (<c>qkv_bias</c>).</summary>
    public bool QkvBias { get; init; } = true;

    /// <summary>Number of patches; what is left over at the right and below is not seen.</summary>
    public int Patches => ImageSize / PatchSize * (ImageSize / PatchSize);

    /// <summary>Reads <c>vision_config</c>.</summary>
    /// <exception cref="PerCoException">A field that is damaged or not supported; the message names it.</exception>
    public static VisionConfig Read(ConfigReader reader)
    {
        // 2¹⁴ a side bounds the pixels, and with them the patches, to what an int counts.
        const int MaxSide = 1 << 14;
        var defaults = new VisionConfig();
        int hidden = reader.Width("hidden_size", defaults.HiddenSize);
        int image = reader.Int("image_size", defaults.ImageSize, 1, MaxSide);
        return new VisionConfig
        {
            HiddenSize = hidden,
            IntermediateSize = reader.Size("intermediate_size", defaults.IntermediateSize),
            Layers = reader.Layers("num_hidden_layers", defaults.Layers),
            Heads = reader.Heads("num_attention_heads", defaults.Heads, hidden),
            ImageSize = image,
            PatchSize = reader.Int("patch_size", defaults.PatchSize, 1, image),
            Activation = reader.Activation("hidden_act", "gelu"),
            LayerNormEpsilon = reader.Epsilon("layer_norm_eps", defaults.LayerNormEpsilon),
            QkvBias = reader.Bool("qkv_bias", defaults.QkvBias),
        };
    }
}
