using PerCo.Engine.Tensors;

namespace PerCo.Engine.Backends.Reference;

public unsafe partial class ReferenceBackend
{
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

    /// <summary>
    /// Source row (or column) of each row when <paramref name="from"/> rows become <paramref name="to"/>.
    /// </summary>
    internal static int[] NearestSources(int from, int to)
    {
        // torch computes the ratio and the product in float32; other roundings move a pixel at odd ratios.
        float ratio = (float)from / to;
        var sources = new int[to];
        for (int i = 0; i < to; i++)
        {
            sources[i] = Math.Min((int)MathF.Floor(i * ratio), from - 1);
        }

        return sources;
    }
}
