using PerCo.Engine.Tensors.Ops;
using PerCo.Engine.Weights;

namespace PerCo.Engine.Networks.Blip2;

/// <summary>Sizes of the querying transformer; the defaults are those of transformers' Blip2QFormerConfig.</summary>
internal sealed record QFormerConfig
{
    /// <summary>Channels (<c>hidden_size</c>).</summary>
    public int HiddenSize { get; init; } = 768;

    /// <summary>Channels inside of a feed-forward (<c>intermediate_size</c>).</summary>
    public int IntermediateSize { get; init; } = 3072;

    /// <summary>Number of layers (<c>num_hidden_layers</c>).</summary>
    public int Layers { get; init; } = 12;

    /// <summary>Attention heads, a divisor of <see cref="HiddenSize"/> (<c>num_attention_heads</c>).</summary>
    public int Heads { get; init; } = 12;

    /// <summary>Channels of the picture's vectors: the vision transformer's, whatever the file says.</summary>
    public int EncoderHiddenSize { get; init; } = 1408;

    /// <summary>Every how many layers the queries see the picture (<c>cross_attention_frequency</c>).</summary>
    public int CrossAttentionFrequency { get; init; } = 2;

    /// <summary>Activation of a feed-forward (<c>hidden_act</c>).</summary>
    public Activation Activation { get; init; } = Activation.Gelu;

    /// <summary>Added to a variance (<c>layer_norm_eps</c>).</summary>
    public float LayerNormEpsilon { get; init; } = 1e-12f;

    /// <summary>Reads <c>qformer_config</c>.</summary>
    /// <param name="reader">The section.</param>
    /// <param name="encoderHiddenSize">Channels of the vision transformer.</param>
    /// <exception cref="PerCoException">A field that is damaged or not supported; the message names it.</exception>
    public static QFormerConfig Read(ConfigReader reader, int encoderHiddenSize)
    {
        reader.OneOf("position_embedding_type", "absolute", "absolute");
        if (reader.Bool("use_qformer_text_input", false))
        {
            throw reader.Error("use_qformer_text_input", "is true, expected false: captions need no text input");
        }

        var defaults = new QFormerConfig();
        int hidden = reader.Width("hidden_size", defaults.HiddenSize);
        return new QFormerConfig
        {
            HiddenSize = hidden,
            IntermediateSize = reader.Size("intermediate_size", defaults.IntermediateSize),
            Layers = reader.Layers("num_hidden_layers", defaults.Layers),
            Heads = reader.Heads("num_attention_heads", defaults.Heads, hidden),
            EncoderHiddenSize = encoderHiddenSize,
            CrossAttentionFrequency = reader.Size("cross_attention_frequency", defaults.CrossAttentionFrequency),
            Activation = reader.Activation("hidden_act", "gelu"),
            LayerNormEpsilon = reader.Epsilon("layer_norm_eps", defaults.LayerNormEpsilon),
        };
    }
}
