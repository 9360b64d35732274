using PerCo.Engine.Tensors;

namespace PerCo.Engine.Verification;

/// <summary>
/// Between the reference implementations' layout [batch, channels, height, width] and ours, channels innermost.
/// Arrays of another rank (tokens, vectors) have the same layout in both.
/// </summary>
internal static class PlanarLayout
{
    /// <summary>The shape of ours for one of theirs.</summary>
    public static Shape ToChannelsLast(Shape planar) =>
        planar.Rank == 4 ? new Shape(planar[0], planar[2], planar[3], planar[1]) : planar;

    /// <summary>The shape of theirs for one of ours.</summary>
    public static Shape ToPlanar(Shape shape) =>
        shape.Rank == 4 ? new Shape(shape[0], shape[3], shape[1], shape[2]) : shape;

    /// <summary>Values in our order.</summary>
    /// <param name="planar">Their shape.</param>
    /// <param name="values">Values in their order.</param>
    public static float[] ToChannelsLast(Shape planar, float[] values) =>
        planar.Rank == 4 ? Transpose(values, planar[0], planar[1], planar[2] * planar[3]) : values;

    /// <summary>Values in their order.</summary>
    /// <param name="shape">Our shape.</param>
    /// <param name="values">Values in our order.</param>
    public static float[] ToPlanar(Shape shape, float[] values) =>
        shape.Rank == 4 ? Transpose(values, shape[0], shape[1] * shape[2], shape[3]) : values;

    private static float[] Transpose(float[] values, int batch, int rows, int columns)
    {
        var result = new float[values.Length];
        for (int b = 0; b < batch; b++)
        {
            int start = b * rows * columns;
            for (int r = 0; r < rows; r++)
            {
                for (int c = 0; c < columns; c++)
                {
                    result[start + c * rows + r] = values[start + r * columns + c];
                }
            }
        }

        return result;
    }
}
