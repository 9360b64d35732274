namespace PerCo.Engine.Tensors.Ops;

/// <summary>
/// Shape rules of <c>VectorQuantize</c>: for every position of [.., channels] the code with the largest cosine (Yu et
/// al. 2021, "Vector-quantized image modeling with improved VQGAN", sec. 3.2), and by how much it beats the second.
/// </summary>
internal static class VectorQuantize
{
    /// <summary>Checks the operands.</summary>
    /// <exception cref="ArgumentException">Operands that do not fit.</exception>
    public static void Check(Tensor x, CodebookWeights codebook, int indices, int margins)
    {
        OpCheck.That(x.Shape.Channels == codebook.Channels, "VectorQuantize", "x", $"[..,{codebook.Channels}]",
            x.Shape);
        OpCheck.That(indices == x.Shape.Rows, "VectorQuantize", "indices", x.Shape.Rows, indices);
        OpCheck.That(margins == 0 || margins == indices, "VectorQuantize", "margins", indices, margins);
    }
}
