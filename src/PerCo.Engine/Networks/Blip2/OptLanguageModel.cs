using PerCo.Engine.Layers;
using PerCo.Engine.Tensors;
using PerCo.Engine.Weights;
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
        LayerScope decoder = scope["model"]["decoder"], head = scope["lm_head"];
        (HostTensor tokens, HostTensor matrix) = Embeddings(
            decoder["embed_tokens"].Weights, head.Weights, config.TiedEmbeddings,
            new Shape(config.VocabularySize, config.HiddenSize));
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

    // A tied matrix is held under one of the names, or twice; then the reference reads the head's copy last, so it is
    // what counts.
    private static (HostTensor Tokens, HostTensor Matrix) Embeddings(
        WeightScope embedding, WeightScope head, bool tied, Shape shape)
    {
        if (!tied)
        {
            return (embedding.Get("weight", shape), head.Get("weight", shape));
        }

        bool twice = embedding.Has("weight") && head.Has("weight");
        HostTensor matrix = (head.Has("weight") ? head : embedding).Get("weight", shape);
        if (twice)
        {
            embedding.Get("weight", shape);
        }

        return (matrix, matrix);
    }
}
