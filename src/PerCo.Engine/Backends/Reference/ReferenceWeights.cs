using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;

namespace PerCo.Engine.Backends.Reference;

// The reference backend prepares nothing: values as fp32 in checkpoint layout.

internal sealed class ReferenceConvWeights(Conv2dSpec spec, float[] weight, float[]? bias) : ConvWeights(spec)
{
    /// <summary>[outputs, inputs, kernel height, kernel width].</summary>
    public float[] Weight { get; } = weight;

    public float[]? Bias { get; } = bias;

    public override long Bytes => (Weight.LongLength + (Bias?.LongLength ?? 0)) * sizeof(float);
}

internal sealed class ReferenceLinearWeights(LinearSpec spec, float[] weight, float[]? bias) : LinearWeights(spec)
{
    /// <summary>[outputs, inputs].</summary>
    public float[] Weight { get; } = weight;

    public float[]? Bias { get; } = bias;

    public override long Bytes => (Weight.LongLength + (Bias?.LongLength ?? 0)) * sizeof(float);
}

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

internal sealed class HostCodebookWeights(int entries, int channels, float[] codes)
    : CodebookWeights(entries, channels)
{
    /// <summary>[entries, channels].</summary>
    public float[] Codes { get; } = codes;

    public override long Bytes => Codes.LongLength * sizeof(float);
}
