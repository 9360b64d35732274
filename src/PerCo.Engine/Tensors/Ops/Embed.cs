namespace PerCo.Engine.Tensors.Ops;

/// <summary>Shape rules of <c>Embed</c>: rows of a table [entries, channels] → [batch, tokens, channels].</summary>
internal static class Embed
{
    /// <summary>Checks the operands and returns the result's shape.</summary>
    /// <exception cref="ArgumentException">Operands that do not fit.</exception>
    public static Shape ResultShape(ReadOnlySpan<int> ids, EmbeddingWeights table, int batch)
    {
        OpCheck.That(batch > 0 && ids.Length % batch == 0, "Embed", "ids", $"a multiple of {batch}", ids.Length);
        foreach (int id in ids)
        {
            OpCheck.That((uint)id < (uint)table.Entries, "Embed", "id", $"0 to {table.Entries - 1}", id);
        }

        return new Shape(batch, ids.Length / batch, table.Channels);
    }
}
