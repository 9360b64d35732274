using PerCo.Engine.Tensors;

namespace PerCo.Engine.Backends.Reference;

public unsafe partial class ReferenceBackend
{
    /// <inheritdoc/>
    private protected override void LayerNormCore(Tensor x, NormWeights weights, float epsilon, Tensor result)
    {
        var w = (HostNormWeights)weights;
        int channels = w.Channels;
        for (long row = 0; row < x.Shape.Rows; row++)
        {
            float* input = x.Values() + row * channels;
            float* output = result.Values() + row * channels;
            double sum = 0, squares = 0;
            for (int c = 0; c < channels; c++)
            {
                sum += input[c];
            }

            double mean = sum / channels;
            for (int c = 0; c < channels; c++)
            {
                squares += (input[c] - mean) * (input[c] - mean);
            }

            double scale = 1 / Math.Sqrt(squares / channels + epsilon);
            for (int c = 0; c < channels; c++)
            {
                output[c] = (float)((input[c] - mean) * scale * w.Scale[c] + w.Shift[c]);
            }
        }
    }
}
