using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;

namespace PerCo.Engine.Backends.Reference;

public unsafe partial class ReferenceBackend
{
    /// <inheritdoc/>
    private protected override void GroupNormCore(
        Tensor x, Tensor? second, NormWeights weights, int groups, float epsilon, Activation activation, Tensor result)
    {
        var w = (HostNormWeights)weights;
        int channels = w.Channels, firstChannels = x.Shape.Channels, perGroup = channels / groups;
        int positions = x.Shape.Tokens;
        for (int b = 0; b < x.Shape.Batch; b++)
        {
            for (int group = 0; group < groups; group++)
            {
                double sum = 0, squares = 0;
                for (int p = 0; p < positions; p++)
                {
                    for (int c = group * perGroup; c < (group + 1) * perGroup; c++)
                    {
                        sum += Value(p, c);
                    }
                }

                double count = (double)positions * perGroup, mean = sum / count;
                for (int p = 0; p < positions; p++)
                {
                    for (int c = group * perGroup; c < (group + 1) * perGroup; c++)
                    {
                        double d = Value(p, c) - mean;
                        squares += d * d;
                    }
                }

                double scale = 1 / Math.Sqrt(squares / count + epsilon);
                for (int p = 0; p < positions; p++)
                {
                    for (int c = group * perGroup; c < (group + 1) * perGroup; c++)
                    {
                        double value = (Value(p, c) - mean) * scale * w.Scale[c] + w.Shift[c];
                        result.Values()[((long)b * positions + p) * channels + c] = (float)Apply(activation, value);
                    }
                }
            }

            double Value(int p, int c) => c < firstChannels
                ? x.Values()[((long)b * positions + p) * firstChannels + c]
                : second!.Values()[((long)b * positions + p) * (channels - firstChannels) + c - firstChannels];
        }
    }
}
