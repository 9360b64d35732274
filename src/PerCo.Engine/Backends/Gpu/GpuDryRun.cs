using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;

namespace PerCo.Engine.Backends.Gpu;

/// <summary>What networks take of a GPU's memory: its arena and weights.</summary>
/// <param name="elementSize">Bytes of an activation and of a matrix's value.</param>
internal sealed class GpuDryRun(int elementSize) : ShapesBackend
{
    public override ConvWeights PrepareConv2d(Conv2dSpec spec, HostTensor weight, HostTensor? bias) => new Conv(
        this, spec, CountMatrix(spec.Outputs, (long)spec.Inputs * spec.KernelHeight * spec.KernelWidth, geglu: false));

    public override LinearWeights PrepareLinear(LinearSpec spec, HostTensor weight, HostTensor? bias) => new Matrix(
        this, spec, CountMatrix(spec.Outputs, spec.Inputs, spec.Activation == Activation.Geglu));

    public override EmbeddingWeights PrepareEmbedding(HostTensor table) =>
        new Table(this, table.Shape[0], table.Shape[1], Add(table.Shape.Count * elementSize));

    public override CodebookWeights PrepareCodebook(HostTensor codes) =>
        new Codes(this, codes.Shape[^2], codes.Shape[^1], Add(codes.Shape.Count * sizeof(float)));

    public override long DefaultBandBytes => GpuBackend.DefaultBandBytes;

    protected override int ElementSize => elementSize;

    protected override bool SharesViews => false;

    protected override long BlockBytes(long bytes) => GpuArena.RoundUp(bytes);

    private long CountMatrix(int outputs, long inputs, bool geglu)
    {
        long columns = (long)MatrixPanels.Count(outputs, geglu) * MatrixPanels.Width;
        return Add(checked(columns * (inputs * elementSize + sizeof(float))));
    }
}
