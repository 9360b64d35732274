using PerCo.Engine.Backends;
using PerCo.Engine.Layers;
using PerCo.Engine.Tensors;
using PerCo.Engine.Weights;
using Linear = PerCo.Engine.Layers.Linear;

namespace PerCo.Engine.Networks.Blip2;

/// <summary>
/// BLIP-2 with an OPT language model (Li et al. 2023): pixels → vision transformer → querying transformer → tokens of
/// a caption. Source: transformers 4.37, models/blip_2/modeling_blip_2.py, Blip2ForConditionalGeneration.
/// </summary>
internal sealed class Blip2Model : IDisposable
{
    // What fairseq's OPT checkpoints were marked with.
    private const string OldMarker = "language_model.model.decoder.version";

    private readonly WeightLease _lease = new();
    private readonly VisionModel _vision;
    private readonly QFormer _qformer;
    private readonly Linear _projection;
    private readonly GreedySearch _search;

    /// <summary>Prepares the weights.</summary>
    /// <param name="backend">Where the network will run.</param>
    /// <param name="config">The network's <c>config.json</c>.</param>
    /// <param name="source">The checkpoint, which must stay open as long as this object is in use.</param>
    /// <exception cref="PerCoException">A tensor is missing, unused, or has another shape.</exception>
    public Blip2Model(Backend backend, Blip2Config config, IWeightSource source)
    {
        Config = config;
        if (MaxLength < 2)
        {
            throw new PerCoException(
                $"{source.Name}: the language model has {config.Text.MaxPositions} positions, expected at least "
                + $"{config.QueryTokens + 1} for the queries, a start and a word. Is the captioner's config.json its "
                + "own?");
        }

        using var load = new NetworkLoad(backend, source, _lease);
        LayerScope root = load.Root;
        _vision = new VisionModel(root["vision_model"], config.Vision);
        _qformer = new QFormer(root, config.QFormer, config.QueryTokens);
        _projection = new Linear(
            root["language_projection"], config.QFormer.HiddenSize, config.Text.HiddenSize, bias: true);
        _search = new GreedySearch(new OptLanguageModel(root["language_model"], config.Text));

        load.Complete(OldMarker);
    }

    /// <summary>What the network was built from.</summary>
    public Blip2Config Config { get; }

    /// <summary>Memory that the prepared weights take, in bytes.</summary>
    public long WeightBytes => _lease.Bytes;

    /// <summary>
    /// Most tokens of a caption, the start token included, that the language model has positions for.
    /// </summary>
    public int MaxLength => Config.Text.MaxPositions - Config.QueryTokens + 1;

    /// <summary>The picture's vectors: pixels [batch, size, size, 3] → [batch, 1 + patches, hidden].</summary>
    /// <exception cref="ArgumentException">Pixels of another size.</exception>
    public Tensor Look(Tensor pixels) => _vision.Forward(pixels);

    /// <summary>What the queries see in the picture's vectors: [batch, queries, Q-Former's hidden].</summary>
    public Tensor Query(Tensor picture) => _qformer.Forward(picture);

    /// <summary>The start of the language model's sequence, from the queries: [batch, queries, OPT's hidden].</summary>
    public Tensor Project(Tensor queries) => _projection.Forward(queries);

    /// <summary>The three stages before the language model in one: pixels → [batch, queries, OPT's hidden].</summary>
    /// <exception cref="ArgumentException">Pixels of another size.</exception>
    public Tensor Prefix(Tensor pixels)
    {
        using Tensor picture = Look(pixels);
        using Tensor queries = Query(picture);
        return Project(queries);
    }

    /// <summary>Generates a caption's tokens, each the likeliest.</summary>
    /// <param name="prefix">From <see cref="Prefix"/>, for one picture.</param>
    /// <param name="maxLength">Most tokens, the start token included; 1 to <see cref="MaxLength"/>.</param>
    /// <param name="cancellation">Stops between two tokens.</param>
    /// <returns>The start token, the caption's, and the end token unless the length ran out.</returns>
    /// <exception cref="ArgumentException">A prefix of another shape, or a length out of range.</exception>
    /// <exception cref="PerCoException">A logit is NaN or infinite.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public int[] Generate(Tensor prefix, int maxLength, CancellationToken cancellation = default) =>
        _search.Generate(prefix, maxLength, cancellation);

    /// <summary>
    /// The logits that follow each of the given tokens but the last. Feeding reference tokens back compares a whole
    /// caption although one close call may have gone another way.
    /// </summary>
    /// <param name="prefix">From <see cref="Prefix"/>, for one picture.</param>
    /// <param name="tokens">1 to <see cref="MaxLength"/> tokens, the start token first.</param>
    /// <param name="cancellation">Stops between two tokens.</param>
    /// <returns>[tokens − 1, vocabulary].</returns>
    /// <exception cref="ArgumentException">A prefix of another shape, or tokens out of range.</exception>
    /// <exception cref="PerCoException">A logit is NaN or infinite.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public float[] Score(Tensor prefix, ReadOnlySpan<int> tokens, CancellationToken cancellation = default) =>
        _search.Score(prefix, tokens, cancellation);

    /// <inheritdoc/>
    public void Dispose() => _lease.Dispose();
}
