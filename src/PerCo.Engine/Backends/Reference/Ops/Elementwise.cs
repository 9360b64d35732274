using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;

namespace PerCo.Engine.Backends.Reference;

public unsafe partial class ReferenceBackend
{
    /// <summary>The definitions of the activations.</summary>
    internal static double Apply(Activation activation, double x) => activation switch
    {
        Activation.None => x,
        Activation.Silu => x * Sigmoid(x),
        Activation.Gelu => 0.5 * x * (1 + ErrorFunction.Erf(x * Math.Sqrt(0.5))),
        Activation.QuickGelu => x * Sigmoid(1.702 * x),
        // Not Math.Max alone: torch's ReLU passes NaN on, and so does this.
        Activation.Relu => double.IsNaN(x) ? x : Math.Max(x, 0),
        _ => throw new ArgumentOutOfRangeException(nameof(activation), activation, "Not element-wise."),
    };

    /// <inheritdoc/>
    private protected override void ActivateCore(Tensor x, Activation activation, Tensor result)
    {
        for (long i = 0; i < x.Shape.Count; i++)
        {
            result.Values()[i] = (float)Apply(activation, x.Values()[i]);
        }
    }

    /// <inheritdoc/>
    private protected override void AddCore(Tensor x, Tensor y, Tensor result)
    {
        for (long i = 0; i < x.Shape.Count; i++)
        {
            result.Values()[i] = x.Values()[i] + y.Values()[i % y.Shape.Count];
        }
    }

    /// <inheritdoc/>
    private protected override void SigmoidGateCore(Tensor x, Tensor value, Tensor gate, Tensor result)
    {
        for (long i = 0; i < x.Shape.Count; i++)
        {
            result.Values()[i] = (float)(x.Values()[i] + value.Values()[i] * Sigmoid(gate.Values()[i]));
        }
    }

    /// <inheritdoc/>
    private protected override void UpsampleNearestCore(Tensor x, Tensor result)
    {
        Shape from = x.Shape, to = result.Shape;
        int[] rows = NearestSources(from.Height, to.Height);
        int[] columns = NearestSources(from.Width, to.Width);
        for (int b = 0; b < to.Batch; b++)
        {
            for (int y = 0; y < to.Height; y++)
            {
                for (int xx = 0; xx < to.Width; xx++)
                {
                    for (int c = 0; c < to.Channels; c++)
                    {
                        result.Values()[(((long)b * to.Height + y) * to.Width + xx) * to.Channels + c] =
                            x.Values()[(((long)b * from.Height + rows[y]) * from.Width + columns[xx]) * to.Channels
                                + c];
                    }
                }
            }
        }
    }

    /// <inheritdoc/>
    private protected override void EmbedCore(ReadOnlySpan<int> ids, EmbeddingWeights table, Tensor result)
    {
        var w = (HostEmbeddingWeights)table;
        for (int i = 0; i < ids.Length; i++)
        {
            w.CopyRow(ids[i], result.Span().Slice(i * w.Channels, w.Channels));
        }
    }

    /// <inheritdoc/>
    private protected override void CopyTokensCore(
        ChannelSlice source, int sourceStart, int count, Tensor destination, int destinationStart)
    {
        int from = source.Tensor.Shape.Tokens, to = destination.Shape.Tokens;
        for (int b = 0; b < destination.Shape.Batch; b++)
        {
            for (int t = 0; t < count; t++)
            {
                for (int c = 0; c < source.Count; c++)
                {
                    destination.Values()[((long)b * to + destinationStart + t) * source.Count + c] =
                        source.Values()[((long)b * from + sourceStart + t) * source.Stride + c];
                }
            }
        }
    }

    private static double Sigmoid(double x) => 1 / (1 + Math.Exp(-x));
}
