using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;

namespace PerCo.Engine.Backends.Reference;

public unsafe partial class ReferenceBackend
{
    /// <inheritdoc/>
    private protected override void NormFactorsCore(
        Tensor x, NormWeights weights, int groups, float epsilon, Tensor result)
    {
        var w = (HostNormWeights)weights;
        int channels = w.Channels, perGroup = channels / groups, positions = x.Shape.Tokens;
        for (int b = 0; b < x.Shape.Batch; b++)
        {
            float* picture = x.Values() + (long)b * positions * channels;
            float* factors = result.Values() + (long)b * 3 * channels;
            for (int c = 0; c < channels; c++)
            {
                int first = c / perGroup * perGroup;
                double sum = 0, squares = 0, count = (double)positions * perGroup;
                for (int i = 0; i < positions * perGroup; i++)
                {
                    sum += picture[(long)(i / perGroup) * channels + first + i % perGroup];
                }

                for (int i = 0; i < positions * perGroup; i++)
                {
                    double d = picture[(long)(i / perGroup) * channels + first + i % perGroup] - sum / count;
                    squares += d * d;
                }

                double slope = w.Scale[c] / Math.Sqrt(squares / count + epsilon);
                factors[c] = (float)(sum / count);
                factors[channels + c] = (float)slope;
                factors[2 * channels + c] = (float)(w.Shift[c] - (sum / count - factors[c]) * slope);
            }
        }
    }

    /// <inheritdoc/>
    private protected override void NormApplyCore(Tensor x, Tensor factors, Activation activation, Tensor result)
    {
        int channels = x.Shape.Channels, positions = x.Shape.Tokens;
        for (long i = 0; i < x.Shape.Count; i++)
        {
            int c = (int)(i % channels);
            float* f = factors.Values() + i / channels / positions * 3 * channels;
            double value = (x.Values()[i] - (double)f[c]) * f[channels + c] + f[2 * channels + c];
            result.Values()[i] = (float)Apply(activation, value);
        }
    }
}
