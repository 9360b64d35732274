using System.Runtime.InteropServices;
using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;

namespace PerCo.Engine.Backends.Gpu;

public sealed partial class GpuBackend
{
    /// <inheritdoc/>
    public override ConvWeights PrepareConv2d(Conv2dSpec spec, HostTensor weight, HostTensor? bias)
    {
        (GpuBuffer matrix, GpuBuffer? map) = UploadPanels(MatrixPanels.Pack(
            weight.ToFloats(), spec.Outputs, spec.Inputs, spec.KernelHeight * spec.KernelWidth, geglu: false));
        return new GpuConvWeights(
            spec, matrix, map, UploadFloats(MatrixPanels.PackBias(bias?.ToFloats(), spec.Outputs, geglu: false)));
    }

    /// <inheritdoc/>
    public override LinearWeights PrepareLinear(LinearSpec spec, HostTensor weight, HostTensor? bias)
    {
        bool geglu = spec.Activation == Activation.Geglu;
        (GpuBuffer matrix, GpuBuffer? map) = UploadPanels(
            MatrixPanels.Pack(weight.ToFloats(), spec.Outputs, spec.Inputs, taps: 1, geglu));
        return new GpuLinearWeights(
            spec, matrix, map, UploadFloats(MatrixPanels.PackBias(bias?.ToFloats(), spec.Outputs, geglu)));
    }

    /// <inheritdoc/>
    public override NormWeights PrepareNorm(HostTensor scale, HostTensor shift) => new GpuNormWeights(
        checked((int)scale.Shape.Count), UploadFloats(scale.ToFloats()), UploadFloats(shift.ToFloats()));

    /// <inheritdoc/>
    public override EmbeddingWeights PrepareEmbedding(HostTensor table) => new GpuEmbeddingWeights(
        table.Shape[0], table.Shape[1], UploadElements(table.ToFloats()));

    /// <inheritdoc/>
    public override CodebookWeights PrepareCodebook(HostTensor codes) => new GpuCodebookWeights(
        codes.Shape[^2], codes.Shape[^1], UploadFloats(codes.ToFloats()));

    private (GpuBuffer Matrix, GpuBuffer? Map) UploadPanels(float[] panels)
    {
        GpuBuffer matrix = UploadElements(panels);
        return (matrix, Precision == GpuPrecision.Fp32
            ? null
            : _device.DescribePanels(matrix, panels.Length / MatrixPanels.Width));
    }

    private GpuBuffer UploadElements(ReadOnlySpan<float> values)
    {
        GpuBuffer buffer = _device.Allocate(Math.Max(1, values.Length) * (long)ElementSize);
        WriteElements(values, buffer);
        return buffer;
    }

    private GpuBuffer UploadFloats(ReadOnlySpan<float> values)
    {
        GpuBuffer buffer = _device.Allocate(Math.Max(1, values.Length) * (long)sizeof(float));
        _device.Write(buffer, MemoryMarshal.AsBytes(values));
        return buffer;
    }
}
