using System.Runtime.InteropServices;
using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;

namespace PerCo.Engine.Backends.Gpu;

public sealed partial class GpuBackend
{
    /// <inheritdoc/>
    public override ConvWeights PrepareConv2d(Conv2dSpec spec, HostTensor weight, HostTensor? bias)
    {
        using var buffers = new GpuBuffers();
        (GpuBuffer matrix, GpuBuffer? map) = UploadPanels(buffers, MatrixPanels.Pack(
            weight.ToFloats(), spec.Outputs, spec.Inputs, spec.KernelHeight * spec.KernelWidth, geglu: false));
        GpuBuffer sums = UploadFloats(buffers, MatrixPanels.PackBias(bias?.ToFloats(), spec.Outputs, geglu: false));
        return buffers.HandOver(new GpuConvWeights(spec, matrix, map, sums));
    }

    /// <inheritdoc/>
    public override LinearWeights PrepareLinear(LinearSpec spec, HostTensor weight, HostTensor? bias)
    {
        using var buffers = new GpuBuffers();
        bool geglu = spec.Activation == Activation.Geglu;
        (GpuBuffer matrix, GpuBuffer? map) = UploadPanels(
            buffers, MatrixPanels.Pack(weight.ToFloats(), spec.Outputs, spec.Inputs, taps: 1, geglu));
        GpuBuffer sums = UploadFloats(buffers, MatrixPanels.PackBias(bias?.ToFloats(), spec.Outputs, geglu));
        return buffers.HandOver(new GpuLinearWeights(spec, matrix, map, sums));
    }

    /// <inheritdoc/>
    public override NormWeights PrepareNorm(HostTensor scale, HostTensor shift)
    {
        using var buffers = new GpuBuffers();
        GpuBuffer scales = UploadFloats(buffers, scale.ToFloats()), shifts = UploadFloats(buffers, shift.ToFloats());
        return buffers.HandOver(new GpuNormWeights(checked((int)scale.Shape.Count), scales, shifts));
    }

    /// <inheritdoc/>
    public override EmbeddingWeights PrepareEmbedding(HostTensor table)
    {
        using var buffers = new GpuBuffers();
        GpuBuffer elements = UploadElements(buffers, table.ToFloats());
        return buffers.HandOver(new GpuEmbeddingWeights(table.Shape[0], table.Shape[1], elements));
    }

    /// <inheritdoc/>
    public override CodebookWeights PrepareCodebook(HostTensor codes)
    {
        using var buffers = new GpuBuffers();
        GpuBuffer values = UploadFloats(buffers, codes.ToFloats());
        return buffers.HandOver(new GpuCodebookWeights(codes.Shape[^2], codes.Shape[^1], values));
    }

    private (GpuBuffer Matrix, GpuBuffer? Map) UploadPanels(GpuBuffers buffers, float[] panels)
    {
        GpuBuffer matrix = UploadElements(buffers, panels);
        GpuBuffer? map = Precision == GpuPrecision.Fp32
            ? null
            : _device.DescribePanels(matrix, panels.Length / MatrixPanels.Width);
        return (matrix, map is null ? null : buffers.Add(map));
    }

    private GpuBuffer UploadElements(GpuBuffers buffers, ReadOnlySpan<float> values)
    {
        GpuBuffer buffer = AllocateWeights(buffers, values.Length, ElementSize);
        WriteElements(values, buffer);
        return buffer;
    }

    private GpuBuffer UploadFloats(GpuBuffers buffers, ReadOnlySpan<float> values)
    {
        GpuBuffer buffer = AllocateWeights(buffers, values.Length, sizeof(float));
        _device.Write(buffer, MemoryMarshal.AsBytes(values));
        return buffer;
    }

    private GpuBuffer AllocateWeights(GpuBuffers buffers, int values, int size)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return buffers.Add(_device.Allocate(Math.Max(1, values) * (long)size));
    }
}
