namespace PerCo.Engine.Tensors.Ops;

/// <summary>How heads are laid out and which keys a query may see.</summary>
/// <param name="Heads">Number of heads; channels are [head][channel of the head].</param>
/// <param name="Scale">Factor on query·key, 1/√(channels of a head) as a rule.</param>
public readonly record struct AttentionSpec(int Heads, float Scale)
{
    /// <summary>
    /// Query i sees the keys 0 … i + (keys − queries) only. With a cache the queries are the newest positions.
    /// </summary>
    public bool Causal { get; init; }

    /// <summary>Number of leading keys that are valid; 0 for all. A cache has room for more than are filled.</summary>
    public int KeyCount { get; init; }

    /// <summary>
    /// Products and softmax in fp32 whatever the backend's activations are; Stable Diffusion 2.1 overflows without.
    /// </summary>
    public bool Upcast { get; init; }
}

/// <summary>
/// Shape rules of <c>Attention</c>: softmax(scale · q kᵀ) v for each head, q [batch, queries, heads·d],
/// k and v [batch, keys, heads·d] → [batch, queries, heads·d] (Vaswani et al. 2017, eq. 1).
/// </summary>
internal static class Attention
{
    /// <summary>Checks the operands and returns the result's shape: q's, with the slice's channels.</summary>
    /// <exception cref="ArgumentException">Operands that do not fit.</exception>
    public static Shape ResultShape(ChannelSlice q, ChannelSlice k, ChannelSlice v, in AttentionSpec spec)
    {
        Shape qs = q.Tensor.Shape, ks = k.Tensor.Shape, vs = v.Tensor.Shape;
        OpCheck.That(spec.Heads > 0 && q.Count % spec.Heads == 0, "Attention", "channels of q",
            $"a multiple of {spec.Heads} heads", q.Count);
        OpCheck.That(k.Count == q.Count && ks.Batch == qs.Batch, "Attention", "k",
            $"{q.Count} channels, batch {qs.Batch}", ks);
        OpCheck.That(v.Count == q.Count && vs.Batch == qs.Batch && vs.Tokens == ks.Tokens, "Attention", "v", ks, vs);
        OpCheck.That(spec.KeyCount >= 0 && spec.KeyCount <= ks.Tokens && ks.Tokens > 0, "Attention", "key count",
            $"0 to {ks.Tokens}", spec.KeyCount);
        int keys = KeyCount(k, spec);
        OpCheck.That(!spec.Causal || keys >= qs.Tokens, "Attention", "keys of a causal attention",
            $"at least {qs.Tokens}", keys);
        return qs.WithChannels(q.Count);
    }

    /// <summary>Number of keys that take part.</summary>
    internal static int KeyCount(ChannelSlice k, in AttentionSpec spec) =>
        spec.KeyCount > 0 ? spec.KeyCount : k.Tensor.Shape.Tokens;
}
