using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;

namespace PerCo.Engine.Layers;

/// <summary>Every position looks at every other (Vaswani et al. 2017, sec. 3.2).</summary>
/// <param name="projections">Queries, keys and values side by side: channels → 3 · channels.</param>
/// <param name="output">Of the attended values: channels → channels.</param>
/// <param name="channels">Channels of all heads together.</param>
/// <param name="spec">Heads, scale and mask.</param>
internal sealed class SelfAttention(Linear projections, Linear output, int channels, AttentionSpec spec)
{
    /// <summary>[.., c] → [.., c], plus <paramref name="residual"/>.</summary>
    /// <param name="hidden">
    /// The input; it is given up as soon as it is projected, since this is where transformers take most memory.
    /// </param>
    /// <param name="residual">Added to the result.</param>
    public Tensor Forward(HiddenState hidden, Tensor residual)
    {
        // 1. Projections: [.., 3c]
        hidden.Next(projections.Forward(hidden.Value));

        // 2. Attention: [.., c]
        Tensor projected = hidden.Value;
        hidden.Next(projected.Backend.Attention(
            new ChannelSlice(projected, 0, channels),
            new ChannelSlice(projected, channels, channels),
            new ChannelSlice(projected, 2 * channels, channels),
            spec));

        // 3. Output: [.., c]
        return output.Forward(hidden.Value, residual);
    }
}
