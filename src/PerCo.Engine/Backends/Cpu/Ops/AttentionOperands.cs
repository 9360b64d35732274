using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;

namespace PerCo.Engine.Backends.Cpu;

/// <summary>The operands of an attention as plain pointers and extents.</summary>
internal readonly unsafe struct AttentionOperands
{
    private readonly float* _q;
    private readonly float* _k;
    private readonly float* _v;
    private readonly float* _result;
    private readonly int _queryStride;
    private readonly int _keyStride;
    private readonly int _valueStride;
    private readonly int _keyRows;

    public AttentionOperands(ChannelSlice q, ChannelSlice k, ChannelSlice v, in AttentionSpec spec, Tensor result)
    {
        _q = q.Values();
        _k = k.Values();
        _v = v.Values();
        _result = result.Values();
        _queryStride = q.Stride;
        _keyStride = k.Stride;
        _valueStride = v.Stride;
        _keyRows = k.Tensor.Shape.Tokens;
        Batch = q.Tensor.Shape.Batch;
        Heads = spec.Heads;
        Channels = q.Count / spec.Heads;
        Queries = q.Tensor.Shape.Tokens;
        Keys = Tensors.Ops.Attention.KeyCount(k, spec);
        Causal = spec.Causal;
        ScoreFactor = (float)(spec.Scale * (1 / Math.Log(2)));
    }

    public int Batch { get; }

    public int Heads { get; }

    /// <summary>Channels of a head.</summary>
    public int Channels { get; }

    public int Queries { get; }

    /// <summary>Keys that take part.</summary>
    public int Keys { get; }

    public bool Causal { get; }

    /// <summary>The factor on query·key, for a softmax with powers of 2 instead of e.</summary>
    public float ScoreFactor { get; }

    public int QueryStride => _queryStride;

    public int KeyStride => _keyStride;

    public int ValueStride => _valueStride;

    /// <summary>Distance between the result's rows.</summary>
    public int ResultStride => Heads * Channels;

    /// <summary>Heads of all pictures; a head is numbered picture · heads + head.</summary>
    public int AllHeads => checked(Batch * Heads);

    /// <summary>Number of leading keys that a query sees.</summary>
    public int VisibleKeys(int query) => Causal ? Keys - Queries + query + 1 : Keys;

    public float* Query(int head, int query) => Row(_q, head, query, Queries, _queryStride);

    public float* Key(int head, int key) => Row(_k, head, key, _keyRows, _keyStride);

    public float* Value(int head, int key) => Row(_v, head, key, _keyRows, _valueStride);

    public float* Result(int head, int query) => Row(_result, head, query, Queries, ResultStride);

    private float* Row(float* first, int head, int row, int rows, int stride)
    {
        (int picture, int index) = int.DivRem(head, Heads);
        return first + ((long)picture * rows + row) * stride + index * Channels;
    }
}
