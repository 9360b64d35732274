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

internal sealed class ReferenceCodebookWeights(int entries, int channels, float[] codes)
    : CodebookWeights(entries, channels)
{
    /// <summary>[entries, channels].</summary>
    public float[] Codes { get; } = codes;

    public override long Bytes => Codes.LongLength * sizeof(float);
}
