using PerCo.Engine.Backends;
using PerCo.Engine.Layers;
using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;
using PerCo.Engine.Weights;
using LayerNorm = PerCo.Engine.Layers.LayerNorm;
using Linear = PerCo.Engine.Layers.Linear;

namespace PerCo.Engine.Networks.ClipText;

/// <summary>
/// The text encoder of CLIP (Radford et al. 2021, sec. 2.4): token ids → one vector a token, which the U-Net's
/// cross-attention reads. Source: transformers 4.37, models/clip/modeling_clip.py, CLIPTextModel.last_hidden_state.
/// </summary>
internal sealed class ClipTextEncoder : IDisposable
{
    private readonly WeightLease _lease = new();
    private readonly ClipTextEmbeddings _embeddings;
    private readonly TransformerLayer[] _layers;
    private readonly LayerNorm _finalNorm;

    /// <summary>Prepares the weights.</summary>
    /// <param name="backend">Where the network will run.</param>
    /// <param name="config">The network's <c>config.json</c>.</param>
    /// <param name="source">The checkpoint, which must stay open as long as this object is in use.</param>
    /// <exception cref="PerCoException">A tensor is missing, unused, or has another shape.</exception>
    public ClipTextEncoder(Backend backend, ClipTextConfig config, IWeightSource source)
    {
        Config = config;
        using var load = new NetworkLoad(backend, source, _lease);
        LayerScope text = load.Root["text_model"];
        _embeddings = new ClipTextEmbeddings(text["embeddings"], config);
        _layers = new TransformerLayer[config.Layers];
        for (int i = 0; i < _layers.Length; i++)
        {
            _layers[i] = Layer(text["encoder"]["layers"][i], config);
        }

        _finalNorm = new LayerNorm(text["final_layer_norm"], config.HiddenSize, config.LayerNormEpsilon);

        // A buffer of older transformers, the rest of a whole CLIP model, and ModelFolder's features for "no text".
        load.Complete(
            "text_model.embeddings.position_ids", "text_projection", "vision_model", "visual_projection",
            "logit_scale", "null_text");
    }

    /// <summary>What the network was built from.</summary>
    public ClipTextConfig Config { get; }

    /// <summary>Memory that the prepared weights take, in bytes.</summary>
    public long WeightBytes => _lease.Bytes;

    /// <summary>Encodes texts of equal length.</summary>
    /// <param name="ids">Token ids, one text after the other: batch · tokens of them.</param>
    /// <param name="batch">Number of texts, at least 1.</param>
    /// <returns>[batch, tokens, hidden], normalised by the final LayerNorm.</returns>
    /// <exception cref="ArgumentException">
    /// Ids outside of the vocabulary, a length that is no multiple of <paramref name="batch"/>, or texts longer than
    /// <see cref="ClipTextConfig.MaxPositions"/>.
    /// </exception>
    public Tensor Forward(ReadOnlySpan<int> ids, int batch = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(batch, 1);
        if (ids.IsEmpty || ids.Length % batch != 0 || ids.Length / batch > Config.MaxPositions)
        {
            throw new ArgumentException(
                $"{ids.Length} ids in {batch} text(s), expected 1 to {Config.MaxPositions} a text.", nameof(ids));
        }

        // 1. Embeddings                                                   [batch, tokens, hidden]
        Tensor x = _embeddings.Forward(ids, batch);

        // 2. Layers
        foreach (TransformerLayer layer in _layers)
        {
            using Tensor previous = x;
            x = layer.Forward(previous);
        }

        // 3. Final norm
        using Tensor last = x;
        return _finalNorm.Forward(last);
    }

    /// <inheritdoc/>
    public void Dispose() => _lease.Dispose();

    private static TransformerLayer Layer(LayerScope scope, ClipTextConfig config)
    {
        int hidden = config.HiddenSize;
        LayerScope attention = scope["self_attn"];
        return new TransformerLayer(
            scope,
            new SelfAttention(
                Linear.Fused(attention, hidden, hidden, bias: true, "q_proj", "k_proj", "v_proj"),
                new Linear(attention["out_proj"], hidden, hidden, bias: true),
                hidden,
                new AttentionSpec(config.Heads, 1 / MathF.Sqrt(hidden / config.Heads)) { Causal = true }),
            hidden, config.IntermediateSize, config.Activation, config.LayerNormEpsilon);
    }
}
