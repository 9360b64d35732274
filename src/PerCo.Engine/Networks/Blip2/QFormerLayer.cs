using PerCo.Engine.Layers;
using PerCo.Engine.Tensors;
using Linear = PerCo.Engine.Layers.Linear;

namespace PerCo.Engine.Networks.Blip2;

/// <summary>
/// Self-attention, in some layers cross-attention, and a feed-forward; below <c>qformer.encoder.layer.N</c>.
/// </summary>
internal sealed class QFormerLayer
{
    private readonly QFormerAttention _attention;
    private readonly QFormerAttention? _crossAttention;
    private readonly Linear _expand;
    private readonly Linear _contract;
    private readonly LayerNorm _norm;

    public QFormerLayer(LayerScope scope, QFormerConfig config, bool hasCrossAttention)
    {
        _attention = new QFormerAttention(scope["attention"], config, cross: false);
        _crossAttention = hasCrossAttention ? new QFormerAttention(scope["crossattention"], config, cross: true) : null;
        _expand = new Linear(
            scope["intermediate_query"]["dense"], config.HiddenSize, config.IntermediateSize, config.Activation,
            bias: true);
        LayerScope output = scope["output_query"];
        _contract = new Linear(output["dense"], config.IntermediateSize, config.HiddenSize, bias: true);
        _norm = new LayerNorm(output["LayerNorm"], config.HiddenSize, config.LayerNormEpsilon);
    }

    /// <summary>x [batch, queries, hidden], picture [batch, 1 + patches, encoder hidden] → x's shape.</summary>
    public Tensor Forward(Tensor x, Tensor picture)
    {
        // 1. The queries among themselves                                 [batch, queries, hidden]
        using Tensor attended = _attention.Forward(x, picture);

        // 2. The queries over the picture
        using Tensor? seen = _crossAttention?.Forward(attended, picture);
        Tensor input = seen ?? attended;

        // 3. Feed-forward                                                 [batch, queries, intermediate]
        using Tensor expanded = _expand.Forward(input);
        using Tensor sum = _contract.Forward(expanded, residual: input);
        return _norm.Forward(sum);
    }
}
