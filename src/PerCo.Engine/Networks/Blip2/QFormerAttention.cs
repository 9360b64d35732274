using PerCo.Engine.Layers;
using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;
using LayerNorm = PerCo.Engine.Layers.LayerNorm;
using Linear = PerCo.Engine.Layers.Linear;

namespace PerCo.Engine.Networks.Blip2;

/// <summary>
/// Attention, projection, residual and norm in BERT's order (Devlin et al. 2019); below
/// <c>qformer.encoder.layer.N.attention</c> (the queries among themselves) or <c>.crossattention</c> (the queries over
/// the picture's vectors).
/// </summary>
internal sealed class QFormerAttention
{
    private readonly int _hidden;
    private readonly bool _cross;
    private readonly Linear _projections;
    private readonly Linear? _query;
    private readonly Linear _output;
    private readonly LayerNorm _norm;
    private readonly AttentionSpec _spec;

    public QFormerAttention(LayerScope scope, QFormerConfig config, bool cross)
    {
        _hidden = config.HiddenSize;
        _cross = cross;
        LayerScope attention = scope["attention"], output = scope["output"];
        if (cross)
        {
            _query = new Linear(attention["query"], _hidden, _hidden, bias: true);
            _projections = Linear.Fused(attention, config.EncoderHiddenSize, _hidden, bias: true, "key", "value");
        }
        else
        {
            _projections = Linear.Fused(attention, _hidden, _hidden, bias: true, "query", "key", "value");
        }

        _output = new Linear(output["dense"], _hidden, _hidden, bias: true);
        _norm = new LayerNorm(output["LayerNorm"], _hidden, config.LayerNormEpsilon);
        _spec = new AttentionSpec(config.Heads, 1 / MathF.Sqrt(_hidden / config.Heads));
    }

    /// <summary>x [batch, queries, hidden], picture [batch, 1 + patches, encoder hidden] → x's shape.</summary>
    public Tensor Forward(Tensor x, Tensor picture)
    {
        // 1. Projections
        using Tensor projected = _projections.Forward(_cross ? picture : x);
        using Tensor? query = _query?.Forward(x);
        int keys = _cross ? 0 : _hidden;

        // 2. Attention                                                    [batch, queries, hidden]
        using Tensor attended = x.Backend.Attention(
            query ?? new ChannelSlice(projected, 0, _hidden),
            new ChannelSlice(projected, keys, _hidden),
            new ChannelSlice(projected, keys + _hidden, _hidden),
            _spec);

        // 3. Output
        using Tensor sum = _output.Forward(attended, residual: x);
        return _norm.Forward(sum);
    }
}
