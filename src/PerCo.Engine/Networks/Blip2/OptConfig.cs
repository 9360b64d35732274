using PerCo.Engine.Tensors.Ops;
using PerCo.Engine.Weights;

namespace PerCo.Engine.Networks.Blip2;

/// <summary>Sizes of the OPT language model; the defaults are those of transformers' OPTConfig.</summary>
internal sealed record OptConfig
{
    /// <summary>Number of token ids (<c>vocab_size</c>).</summary>
    public int VocabularySize { get; init; } = 50272;

    /// <summary>Channels (<c>hidden_size</c>).</summary>
    public int HiddenSize { get; init; } = 768;

    /// <summary>Channels inside of a feed-forward (<c>ffn_dim</c>).</summary>
    public int IntermediateSize { get; init; } = 3072;

    /// <summary>Number of layers (<c>num_hidden_layers</c>).</summary>
    public int Layers { get; init; } = 12;

    /// <summary>Attention heads, a divisor of <see cref="HiddenSize"/> (<c>num_attention_heads</c>).</summary>
    public int Heads { get; init; } = 12;

    /// <summary>Longest sequence, the queries' part included (<c>max_position_embeddings</c>).</summary>
    public int MaxPositions { get; init; } = 2048;

    /// <summary>Activation of a feed-forward (<c>activation_function</c>).</summary>
    public Activation Activation { get; init; } = Activation.Relu;

    /// <summary>Whether each half of a layer normalises first, or last (<c>do_layer_norm_before</c>).</summary>
    public bool NormBefore { get; init; } = true;

    /// <summary>
    /// Whether a norm follows the last layer: where layers normalise first, unless <c>_remove_final_layer_norm</c>.
    /// </summary>
    public bool FinalNorm { get; init; } = true;

    /// <summary>Whether the projections have biases (<c>enable_bias</c>).</summary>
    public bool Bias { get; init; } = true;

    /// <summary>Whether the token embedding is the matrix of the logits too (<c>tie_word_embeddings</c>).</summary>
    public bool TiedEmbeddings { get; init; } = true;

    /// <summary>The token that starts a caption (<c>bos_token_id</c>).</summary>
    public int BosId { get; init; } = 2;

    /// <summary>
    /// The tokens that end a caption (<c>eos_token_id</c>): those of <c>text_config</c>, which the reference obeys,
    /// else those of <c>generation_config.json</c>, else 2.
    /// </summary>
    public IReadOnlyList<int> EosIds { get; init; } = [2];

    /// <summary>Reads <c>text_config</c>.</summary>
    /// <param name="reader">The section.</param>
    /// <param name="generation">The <c>generation_config.json</c>, where there is one.</param>
    /// <exception cref="PerCoException">A field that is damaged or not supported; the message names it.</exception>
    public static OptConfig Read(ConfigReader reader, ConfigReader? generation)
    {
        reader.OneOf("model_type", "opt", "opt");
        RequireGreedy(reader);
        if (generation is not null)
        {
            RequireGreedy(generation);
        }

        if (!reader.Bool("layer_norm_elementwise_affine", true))
        {
            throw reader.Error("layer_norm_elementwise_affine", "is false, expected true: norms have weights here");
        }

        var defaults = new OptConfig();
        int vocabulary = reader.Size("vocab_size", defaults.VocabularySize);
        int hidden = reader.Width("hidden_size", defaults.HiddenSize);
        int embedding = reader.Width("word_embed_proj_dim", hidden);
        if (embedding != hidden)
        {
            throw reader.Error("word_embed_proj_dim",
                $"is {embedding}, expected hidden_size {hidden}: the queries lie beside the token embeddings");
        }

        bool normBefore = reader.Bool("do_layer_norm_before", defaults.NormBefore);
        int[] eos = reader.Ints("eos_token_id", [], 0, vocabulary - 1);
        if (eos.Length == 0)
        {
            eos = generation?.Ints("eos_token_id", [], 0, vocabulary - 1) ?? [];
        }

        return new OptConfig
        {
            VocabularySize = vocabulary,
            HiddenSize = hidden,
            IntermediateSize = reader.Size("ffn_dim", defaults.IntermediateSize),
            Layers = reader.Layers("num_hidden_layers", defaults.Layers),
            Heads = reader.Heads("num_attention_heads", defaults.Heads, hidden),
            MaxPositions = reader.Size("max_position_embeddings", defaults.MaxPositions),
            Activation = reader.Activation("activation_function", "relu"),
            NormBefore = normBefore,
            FinalNorm = normBefore && !reader.Bool("_remove_final_layer_norm", false),
            Bias = reader.Bool("enable_bias", defaults.Bias),
            TiedEmbeddings = reader.Bool("tie_word_embeddings", defaults.TiedEmbeddings),
            BosId = reader.Int("bos_token_id", defaults.BosId, 0, vocabulary - 1),
            EosIds = eos.Length > 0 ? eos : defaults.EosIds,
        };
    }

    // Both files may carry settings of transformers' generate(), each of which would give another caption.
    private static void RequireGreedy(ConfigReader reader)
    {
        reader.Int("num_beams", 1, 1, 1);
        reader.Int("num_beam_groups", 1, 1, 1);
        reader.Int("min_length", 0, 0, 0);
        reader.Int("no_repeat_ngram_size", 0, 0, 0);
        reader.Double("repetition_penalty", 1, 1, 1);
        if (reader.Bool("do_sample", false))
        {
            throw reader.Error("do_sample", "is true, expected false: captions are the likeliest tokens");
        }

        ReadOnlySpan<string> unsupported =
        [
            "bad_words_ids", "force_words_ids", "forced_bos_token_id", "forced_eos_token_id", "suppress_tokens",
            "begin_suppress_tokens", "exponential_decay_length_penalty", "penalty_alpha", "sequence_bias",
        ];
        foreach (string name in unsupported)
        {
            if (reader.Has(name))
            {
                throw reader.Error(name, "is not supported: captions are the likeliest tokens. Remove the field");
            }
        }
    }
}
