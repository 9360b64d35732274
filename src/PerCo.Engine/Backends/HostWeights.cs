using PerCo.Engine.Tensors;

namespace PerCo.Engine.Backends;

// Weights that the host backends share, since nothing about them is worth packing.

internal sealed class HostNormWeights(float[] scale, float[] shift) : NormWeights(scale.Length)
{
    public float[] Scale { get; } = scale;

    public float[] Shift { get; } = shift;

    public override long Bytes => 2L * Channels * sizeof(float);
}

internal sealed class HostEmbeddingWeights(HostTensor table)
    : EmbeddingWeights(table.Shape[0], table.Shape[1])
{
    /// <summary>The table where the checkpoint has it; rows are converted as they are read.</summary>
    public HostTensor Table { get; } = table;

    public override long Bytes => Table.Bytes.Length;

    public void CopyRow(int entry, Span<float> destination)
    {
        int rowBytes = Channels * Table.Type.Size();
        var row = new HostTensor(
            Table.Name, Table.Type, new Shape(Channels), Table.Bytes.Slice(entry * rowBytes, rowBytes));
        row.CopyTo(destination);
    }
}
