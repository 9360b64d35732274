using PerCo.Engine.Tensors.Ops;
using PerCo.Engine.Weights;

namespace PerCo.Engine.Networks.ClipText;

/// <summary>
/// Sizes of a CLIP text encoder. The defaults are those of transformers' CLIPTextConfig, which a <c>config.json</c>
/// relies on for every field that it leaves out.
/// </summary>
internal sealed record ClipTextConfig
{
    /// <summary>Number of token ids (<c>vocab_size</c>).</summary>
    public int VocabularySize { get; init; } = 49408;

    /// <summary>Channels of the result (<c>hidden_size</c>).</summary>
    public int HiddenSize { get; init; } = 512;

    /// <summary>Channels inside of a feed-forward (<c>intermediate_size</c>).</summary>
    public int IntermediateSize { get; init; } = 2048;

    /// <summary>Number of layers (<c>num_hidden_layers</c>).</summary>
    public int Layers { get; init; } = 12;

    /// <summary>Attention heads, a divisor of <see cref="HiddenSize"/> (<c>num_attention_heads</c>).</summary>
    public int Heads { get; init; } = 8;

    /// <summary>Longest text in tokens (<c>max_position_embeddings</c>).</summary>
    public int MaxPositions { get; init; } = 77;

    /// <summary>Activation of a feed-forward (<c>hidden_act</c>).</summary>
    public Activation Activation { get; init; } = Activation.QuickGelu;

    /// <summary>Added to a variance (<c>layer_norm_eps</c>).</summary>
    public float LayerNormEpsilon { get; init; } = 1e-5f;

    /// <summary>Reads the <c>config.json</c> of a CLIPTextModel, or of a whole CLIPModel.</summary>
    /// <exception cref="PerCoException">A field that is damaged or not supported; the message names it.</exception>
    public static ClipTextConfig Read(ConfigReader reader)
    {
        if (reader.Has("text_config"))
        {
            reader = reader.Section("text_config");
        }

        var defaults = new ClipTextConfig();
        int hidden = reader.Width("hidden_size", defaults.HiddenSize);
        return new ClipTextConfig
        {
            VocabularySize = reader.Size("vocab_size", defaults.VocabularySize),
            HiddenSize = hidden,
            IntermediateSize = reader.Size("intermediate_size", defaults.IntermediateSize),
            Layers = reader.Layers("num_hidden_layers", defaults.Layers),
            Heads = reader.Heads("num_attention_heads", defaults.Heads, hidden),
            MaxPositions = reader.Size("max_position_embeddings", defaults.MaxPositions),
            Activation = reader.Activation("hidden_act", "quick_gelu"),
            LayerNormEpsilon = reader.Epsilon("layer_norm_eps", defaults.LayerNormEpsilon),
        };
    }
}
