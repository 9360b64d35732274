namespace PerCo.Engine.Tensors.Ops;

/// <summary>Shape rules of the small ops, which have one line each.</summary>
internal static class ElementwiseShapes
{
    /// <summary>LayerNorm over the last extent.</summary>
    public static Shape LayerNorm(Tensor x, NormWeights weights)
    {
        OpCheck.That(x.Shape.Channels == weights.Channels, "LayerNorm", "x", $"[..,{weights.Channels}]", x.Shape);
        return x.Shape;
    }

    /// <summary>An activation on its own.</summary>
    public static Shape Activate(Tensor x, Activation activation)
    {
        OpCheck.That(activation != Activation.Geglu, "Activate", "activation", "element-wise", activation);
        return x.Shape;
    }

    /// <summary>x + y, where y may have batch 1.</summary>
    public static Shape Add(Tensor x, Tensor y)
    {
        OpCheck.That(y.Shape.Count == x.Shape.Count || y.Shape.Count * x.Shape.Batch == x.Shape.Count,
            "Add", "y", x.Shape, y.Shape);
        return x.Shape;
    }

    /// <summary>x + value · sigmoid(gate).</summary>
    public static Shape SigmoidGate(Tensor x, Tensor value, Tensor gate)
    {
        OpCheck.That(value.Shape == x.Shape, "SigmoidGate", "value", x.Shape, value.Shape);
        OpCheck.That(gate.Shape == x.Shape, "SigmoidGate", "gate", x.Shape, gate.Shape);
        return x.Shape;
    }

    /// <summary>Nearest-neighbour resizing.</summary>
    public static Shape UpsampleNearest(Tensor x, int height, int width)
    {
        OpCheck.That(x.Shape.Rank == 4, "UpsampleNearest", "x", "[batch,height,width,channels]", x.Shape);
        OpCheck.That(height > 0 && width > 0, "UpsampleNearest", "size", "positive", $"{height}x{width}");
        return new Shape(x.Shape.Batch, height, width, x.Shape.Channels);
    }

    /// <summary>Rows of a table: [batch, tokens, channels].</summary>
    public static Shape Embed(ReadOnlySpan<int> ids, EmbeddingWeights table, int batch)
    {
        OpCheck.That(batch > 0 && ids.Length % batch == 0, "Embed", "ids", $"a multiple of {batch}", ids.Length);
        foreach (int id in ids)
        {
            OpCheck.That((uint)id < (uint)table.Entries, "Embed", "id", $"0 to {table.Entries - 1}", id);
        }

        return new Shape(batch, ids.Length / batch, table.Channels);
    }

    /// <summary>Nearest codes of [.., channels].</summary>
    public static void VectorQuantize(Tensor x, CodebookWeights codebook, int indices, int margins)
    {
        OpCheck.That(x.Shape.Channels == codebook.Channels, "VectorQuantize", "x", $"[..,{codebook.Channels}]",
            x.Shape);
        OpCheck.That(indices == x.Shape.Rows, "VectorQuantize", "indices", x.Shape.Rows, indices);
        OpCheck.That(margins == 0 || margins == indices, "VectorQuantize", "margins", indices, margins);
    }

    /// <summary>Copies a run of tokens from one tensor into another of the same batch.</summary>
    public static void CopyTokens(ChannelSlice source, int sourceStart, int count, Tensor destination, int start)
    {
        Shape from = source.Tensor.Shape, to = destination.Shape;
        OpCheck.That(from.Batch == to.Batch && source.Count == to.Channels, "CopyTokens", "source", to, from);
        OpCheck.That(sourceStart >= 0 && count >= 0 && (long)sourceStart + count <= from.Tokens,
            "CopyTokens", "source range", $"within {from.Tokens} tokens", $"{sourceStart}+{count}");
        OpCheck.That(start >= 0 && (long)start + count <= to.Tokens,
            "CopyTokens", "destination range", $"within {to.Tokens} tokens", $"{start}+{count}");
    }
}
