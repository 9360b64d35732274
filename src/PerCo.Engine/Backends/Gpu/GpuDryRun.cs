using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;

namespace PerCo.Engine.Backends.Gpu;

/// <summary>
/// Runs networks on shapes alone: nothing is computed, and what a GPU's arena and weights would take is added up.
/// </summary>
/// <param name="elementSize">Bytes of an activation and of a matrix's value.</param>
internal sealed class GpuDryRun(int elementSize) : Backend
{
    private long _inUse;
    private long _peak;

    public override string Name => "dry run";

    public override string Description => "shapes only, to plan memory";

    public override long MemoryInUse => _inUse;

    public override long PeakMemory => _peak;

    /// <summary>Bytes of all weights that were prepared.</summary>
    public long WeightBytes { get; private set; }

    public override void ResetPeak() => _peak = _inUse;

    public override void TrimMemory()
    {
    }

    public override Tensor Allocate(Shape shape)
    {
        long bytes = GpuArena.RoundUp(checked(shape.Count * elementSize));
        _inUse += bytes;
        _peak = Math.Max(_peak, _inUse);
        return new Tensor(this, shape, new Storage(this, bytes));
    }

    public override void Upload(ReadOnlySpan<float> values, Tensor destination)
    {
    }

    public override void Download(Tensor source, Span<float> destination) => destination.Clear();

    public override ConvWeights PrepareConv2d(Conv2dSpec spec, HostTensor weight, HostTensor? bias) => new Conv(
        spec, CountMatrix(spec.Outputs, (long)spec.Inputs * spec.KernelHeight * spec.KernelWidth, geglu: false));

    public override LinearWeights PrepareLinear(LinearSpec spec, HostTensor weight, HostTensor? bias) => new Matrix(
        spec, CountMatrix(spec.Outputs, spec.Inputs, spec.Activation == Activation.Geglu));

    public override NormWeights PrepareNorm(HostTensor scale, HostTensor shift) =>
        new Norm((int)scale.Shape.Count, Count(2 * scale.Shape.Count * sizeof(float)));

    public override EmbeddingWeights PrepareEmbedding(HostTensor table) =>
        new Table(table.Shape[0], table.Shape[1], Count(table.Shape.Count * elementSize));

    public override CodebookWeights PrepareCodebook(HostTensor codes) =>
        new Codes(codes.Shape[^2], codes.Shape[^1], Count(codes.Shape.Count * sizeof(float)));

    protected override void Conv2dCore(Tensor x, ConvWeights weights, in Conv2dOperands operands, Tensor result)
    {
    }

    protected override void LinearCore(Tensor x, LinearWeights weights, Tensor? residual, Tensor result)
    {
    }

    protected override void AttentionCore(
        ChannelSlice q, ChannelSlice k, ChannelSlice v, in AttentionSpec spec, Tensor result)
    {
    }

    protected override void GroupNormCore(
        Tensor x, Tensor? second, NormWeights weights, int groups, float epsilon, Activation activation, Tensor result)
    {
    }

    protected override void LayerNormCore(Tensor x, NormWeights weights, float epsilon, Tensor result)
    {
    }

    protected override void ActivateCore(Tensor x, Activation activation, Tensor result)
    {
    }

    protected override void AddCore(Tensor x, Tensor y, Tensor result)
    {
    }

    protected override void SigmoidGateCore(Tensor x, Tensor value, Tensor gate, Tensor result)
    {
    }

    protected override void UpsampleNearestCore(Tensor x, Tensor result)
    {
    }

    protected override void EmbedCore(ReadOnlySpan<int> ids, EmbeddingWeights table, Tensor result)
    {
    }

    protected override void VectorQuantizeCore(
        Tensor x, CodebookWeights codebook, Span<int> indices, Span<float> margins)
    {
    }

    protected override void CopyTokensCore(
        ChannelSlice source, int sourceStart, int count, Tensor destination, int destinationStart)
    {
    }

    private long CountMatrix(int outputs, long inputs, bool geglu)
    {
        long columns = (long)MatrixPanels.Count(outputs, geglu) * MatrixPanels.Width;
        return Count(checked(columns * (inputs * elementSize + sizeof(float))));
    }

    private long Count(long bytes)
    {
        WeightBytes += bytes;
        return bytes;
    }

    private sealed class Storage(GpuDryRun backend, long bytes) : TensorStorage
    {
        protected internal override void Release() => backend._inUse -= bytes;
    }

    private sealed class Conv(Conv2dSpec spec, long bytes) : ConvWeights(spec)
    {
        public override long Bytes => bytes;
    }

    private sealed class Matrix(LinearSpec spec, long bytes) : LinearWeights(spec)
    {
        public override long Bytes => bytes;
    }

    private sealed class Norm(int channels, long bytes) : NormWeights(channels)
    {
        public override long Bytes => bytes;
    }

    private sealed class Table(int entries, int channels, long bytes) : EmbeddingWeights(entries, channels)
    {
        public override long Bytes => bytes;
    }

    private sealed class Codes(int entries, int channels, long bytes) : CodebookWeights(entries, channels)
    {
        public override long Bytes => bytes;
    }
}
