using PerCo.Engine.Layers;
using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;
using LayerNorm = PerCo.Engine.Layers.LayerNorm;
using Linear = PerCo.Engine.Layers.Linear;

namespace PerCo.Engine.Networks.Blip2;

/// <summary>
/// The vision transformer (Dosovitskiy et al. 2021; EVA-CLIP's ViT-g in the published model): a picture → one vector
/// a patch, and one for the class token; below <c>vision_model</c>.
/// </summary>
internal sealed class VisionModel
{
    private readonly VisionConfig _config;
    private readonly PatchEmbedding _embeddings;
    private readonly TransformerLayer[] _layers;
    private readonly LayerNorm _finalNorm;

    public VisionModel(LayerScope scope, VisionConfig config)
    {
        _config = config;
        _embeddings = new PatchEmbedding(scope["embeddings"], config);
        _layers = new TransformerLayer[config.Layers];
        for (int i = 0; i < _layers.Length; i++)
        {
            _layers[i] = Layer(scope["encoder"]["layers"][i], config);
        }

        _finalNorm = new LayerNorm(scope["post_layernorm"], config.HiddenSize, config.LayerNormEpsilon);
    }

    /// <summary>[batch, size, size, 3] → [batch, 1 + patches, hidden].</summary>
    public Tensor Forward(Tensor pixels)
    {
        var expected = new Shape(pixels.Shape.Batch, _config.ImageSize, _config.ImageSize, 3);
        if (pixels.Shape != expected)
        {
            throw new ArgumentException($"The pixels are {pixels.Shape}, expected {expected}.", nameof(pixels));
        }

        // 1. Patches                                                      [batch, 1 + patches, hidden]
        Tensor x = _embeddings.Forward(pixels);

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

    // The checkpoint has queries, keys and values fused as qkv already.
    private static TransformerLayer Layer(LayerScope scope, VisionConfig config)
    {
        int hidden = config.HiddenSize;
        LayerScope attention = scope["self_attn"];
        return new TransformerLayer(
            scope,
            new SelfAttention(
                new Linear(attention["qkv"], hidden, 3 * hidden, bias: config.QkvBias),
                new Linear(attention["projection"], hidden, hidden, bias: true),
                hidden,
                new AttentionSpec(config.Heads, 1 / MathF.Sqrt(hidden / config.Heads))),
            hidden, config.IntermediateSize, config.Activation, config.LayerNormEpsilon);
    }
}
