using PerCo.Engine.Tensors;

namespace PerCo.Engine.Backends.Reference;

public unsafe partial class ReferenceBackend
{
    /// <inheritdoc/>
    private protected override void VectorQuantizeCore(
        Tensor x, CodebookWeights codebook, Span<int> indices, Span<float> margins)
    {
        var w = (ReferenceCodebookWeights)codebook;
        for (int row = 0; row < indices.Length; row++)
        {
            float* vector = x.Values() + (long)row * w.Channels;
            double squares = 0;
            for (int c = 0; c < w.Channels; c++)
            {
                squares += (double)vector[c] * vector[c];
            }

            // The floor of torch.nn.functional.normalize: a zero vector keeps cosine 0 with every code.
            double norm = Math.Max(Math.Sqrt(squares), 1e-12);
            double best = double.NegativeInfinity, second = double.NegativeInfinity;
            for (int entry = 0; entry < w.Entries; entry++)
            {
                double cosine = 0;
                for (int c = 0; c < w.Channels; c++)
                {
                    cosine += vector[c] / norm * w.Codes[(long)entry * w.Channels + c];
                }

                if (cosine > best)
                {
                    second = best;
                    best = cosine;
                    indices[row] = entry;
                }
                else if (cosine > second)
                {
                    second = cosine;
                }
            }

            if (!margins.IsEmpty)
            {
                margins[row] = (float)(best - second);
            }
        }
    }
}
