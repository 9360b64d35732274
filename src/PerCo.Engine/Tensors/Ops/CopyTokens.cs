namespace PerCo.Engine.Tensors.Ops;

/// <summary>
/// Shape rules of <c>CopyTokens</c>: a run of tokens of one tensor into another of the same batch and as many channels.
/// </summary>
internal static class CopyTokens
{
    /// <summary>Checks the operands.</summary>
    /// <exception cref="ArgumentException">Operands that do not fit.</exception>
    public static void Check(ChannelSlice source, int sourceStart, int count, Tensor destination, int start)
    {
        Shape from = source.Tensor.Shape, to = destination.Shape;
        OpCheck.That(from.Batch == to.Batch && source.Count == to.Channels, "CopyTokens", "source", to, from);
        OpCheck.That(sourceStart >= 0 && count >= 0 && (long)sourceStart + count <= from.Tokens,
            "CopyTokens", "source range", $"within {from.Tokens} tokens", $"{sourceStart}+{count}");
        OpCheck.That(start >= 0 && (long)start + count <= to.Tokens,
            "CopyTokens", "destination range", $"within {to.Tokens} tokens", $"{start}+{count}");
    }
}
