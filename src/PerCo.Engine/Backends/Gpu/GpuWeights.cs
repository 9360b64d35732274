using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;

namespace PerCo.Engine.Backends.Gpu;

// Weights in device memory: matrices as panels of the storage type, everything else as fp32.

internal sealed class GpuConvWeights(Conv2dSpec spec, GpuBuffer matrix, GpuBuffer? map, GpuBuffer bias)
    : ConvWeights(spec)
{
    /// <summary>Panels over (kernel row, kernel column, input).</summary>
    public GpuBuffer Matrix { get; } = matrix;

    /// <summary><see cref="GpuDevice.DescribePanels"/> of them.</summary>
    public GpuBuffer? Map { get; } = map;

    /// <summary>fp32, zeros where the layer has none.</summary>
    public GpuBuffer Bias { get; } = bias;

    public override long Bytes => Matrix.Bytes + Bias.Bytes;

    protected override void Dispose(bool disposing)
    {
        Matrix.Dispose();
        Map?.Dispose();
        Bias.Dispose();
        base.Dispose(disposing);
    }
}

internal sealed class GpuLinearWeights(LinearSpec spec, GpuBuffer matrix, GpuBuffer? map, GpuBuffer bias)
    : LinearWeights(spec)
{
    /// <summary>Panels over inputs.</summary>
    public GpuBuffer Matrix { get; } = matrix;

    /// <summary><see cref="GpuDevice.DescribePanels"/> of them.</summary>
    public GpuBuffer? Map { get; } = map;

    /// <summary>fp32, zeros where the layer has none.</summary>
    public GpuBuffer Bias { get; } = bias;

    public override long Bytes => Matrix.Bytes + Bias.Bytes;

    protected override void Dispose(bool disposing)
    {
        Matrix.Dispose();
        Map?.Dispose();
        Bias.Dispose();
        base.Dispose(disposing);
    }
}

internal sealed class GpuNormWeights(int channels, GpuBuffer scale, GpuBuffer shift) : NormWeights(channels)
{
    public GpuBuffer Scale { get; } = scale;

    public GpuBuffer Shift { get; } = shift;

    public override long Bytes => Scale.Bytes + Shift.Bytes;

    protected override void Dispose(bool disposing)
    {
        Scale.Dispose();
        Shift.Dispose();
        base.Dispose(disposing);
    }
}

internal sealed class GpuEmbeddingWeights(int entries, int channels, GpuBuffer table)
    : EmbeddingWeights(entries, channels)
{
    public GpuBuffer Table { get; } = table;

    public override long Bytes => Table.Bytes;

    protected override void Dispose(bool disposing)
    {
        Table.Dispose();
        base.Dispose(disposing);
    }
}

internal sealed class GpuCodebookWeights(int entries, int channels, GpuBuffer codes)
    : CodebookWeights(entries, channels)
{
    /// <summary>fp32: a code of another index is worse than a slow search.</summary>
    public GpuBuffer Codes { get; } = codes;

    public override long Bytes => Codes.Bytes;

    protected override void Dispose(bool disposing)
    {
        Codes.Dispose();
        base.Dispose(disposing);
    }
}
