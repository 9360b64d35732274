namespace PerCo.Engine.Tensors.Ops;

/// <summary>
/// Shape rules of <c>UpsampleNearest</c>: [batch, height, width, channels] resized to any size, each position from
/// floor(i · float(in)/out) of its direction, as torch rounds.
/// </summary>
internal static class UpsampleNearest
{
    /// <summary>Checks the operands and returns the result's shape.</summary>
    /// <exception cref="ArgumentException">Operands that do not fit.</exception>
    public static Shape ResultShape(Tensor x, int height, int width)
    {
        OpCheck.That(x.Shape.Rank == 4, "UpsampleNearest", "x", "[batch,height,width,channels]", x.Shape);
        OpCheck.That(height > 0 && width > 0, "UpsampleNearest", "size", "positive", $"{height}x{width}");
        return new Shape(x.Shape.Batch, height, width, x.Shape.Channels);
    }
}
