using PerCo.Engine.Tensors;

namespace PerCo.Engine.Backends.Reference;

public unsafe partial class ReferenceBackend
{
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
}
