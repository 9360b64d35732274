namespace PerCo.Engine.Tensors.Ops;

/// <summary>Shape rules of <c>Add</c>: x + y, where y may have batch 1.</summary>
internal static class Add
{
    /// <summary>Checks the operands and returns the result's shape.</summary>
    /// <exception cref="ArgumentException">Operands that do not fit.</exception>
    public static Shape ResultShape(Tensor x, Tensor y)
    {
        OpCheck.That(y.Shape.Count == x.Shape.Count || y.Shape.Count * x.Shape.Batch == x.Shape.Count,
            "Add", "y", x.Shape, y.Shape);
        return x.Shape;
    }
}
