using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;

namespace PerCo.Engine.Backends.Reference;

public unsafe partial class ReferenceBackend
{
    /// <inheritdoc/>
    private protected override void AttentionCore(
        ChannelSlice q, ChannelSlice k, ChannelSlice v, in AttentionSpec spec, Tensor result)
    {
        int queries = q.Tensor.Shape.Tokens;
        int rows = k.Tensor.Shape.Tokens;
        int keys = Tensors.Ops.Attention.KeyCount(k, spec);
        int channels = q.Count / spec.Heads;
        var weights = new double[keys];
        for (int b = 0; b < q.Tensor.Shape.Batch; b++)
        {
            for (int head = 0; head < spec.Heads; head++)
            {
                for (int i = 0; i < queries; i++)
                {
                    float* query = q.Values() + ((long)b * queries + i) * q.Stride + head * channels;
                    int visible = spec.Causal ? keys - queries + i + 1 : keys;
                    double max = double.NegativeInfinity;
                    for (int j = 0; j < visible; j++)
                    {
                        float* key = k.Values() + ((long)b * rows + j) * k.Stride + head * channels;
                        double dot = 0;
                        for (int c = 0; c < channels; c++)
                        {
                            dot += (double)query[c] * key[c];
                        }

                        weights[j] = dot * spec.Scale;
                        max = Math.Max(max, weights[j]);
                    }

                    double sum = 0;
                    for (int j = 0; j < visible; j++)
                    {
                        weights[j] = Math.Exp(weights[j] - max);
                        sum += weights[j];
                    }

                    float* output = result.Values() + ((long)b * queries + i) * q.Count + head * channels;
                    for (int c = 0; c < channels; c++)
                    {
                        double value = 0;
                        for (int j = 0; j < visible; j++)
                        {
                            value += weights[j] * v.Values()[((long)b * rows + j) * v.Stride + head * channels + c];
                        }

                        output[c] = (float)(value / sum);
                    }
                }
            }
        }
    }
}
