using PerCo.Engine.Layers;
using PerCo.Engine.Tensors;
using Linear = PerCo.Engine.Layers.Linear;

namespace PerCo.Engine.Networks.Blip2;

/// <summary>
/// OPT with the matrix that turns a position into logits; below <c>language_model</c>. The published models tie that
/// matrix to the token embedding.
/// </summary>
internal sealed class OptLanguageModel
{
    private readonly OptDecoder _decoder;
    private readonly Linear _head;

    public OptLanguageModel(LayerScope scope, OptConfig config)
    {
        Config = config;
        var shape = new Shape(config.VocabularySize, config.HiddenSize);
        LayerScope decoder = scope["model"]["decoder"], head = scope["lm_head"];
        HostTensor tokens = decoder["embed_tokens"].Weights.Get("weight", shape);
        HostTensor matrix = tokens;
        if (!config.TiedEmbeddings)
        {
            matrix = head.Weights.Get("weight", shape);
        }
        else if (head.Weights.Has("weight"))
        {
            // Many checkpoints hold the tied matrix twice. The reference reads this copy last, so it is what counts.
            tokens = matrix = head.Weights.Get("weight", shape);
        }

        _decoder = new OptDecoder(decoder, config, tokens);
        _head = new Linear(head, matrix, bias: null);
    }

    public OptConfig Config { get; }

    /// <summary>The embedding of one token: [1, 1, hidden].</summary>
    public Tensor Embed(int token) => _decoder.Embed(token);

    /// <summary>Continues a sequence by embeddings [1, tokens, hidden].</summary>
    /// <param name="embeddings">Of queries or of tokens.</param>
    /// <param name="cache">The sequence so far, which this lengthens.</param>
    /// <param name="logits">Receives one value for each token that may come next.</param>
    public void Next(Tensor embeddings, KeyValueCache cache, Span<float> logits)
    {
        using Tensor last = _decoder.Forward(embeddings, cache);            // [1, 1, hidden]
        using Tensor scores = _head.Forward(last);                          // [1, 1, vocabulary]
        last.Backend.Download(scores, logits);
        StageGuard.CheckFinite("captioner", logits, float.MaxValue);
    }
}
