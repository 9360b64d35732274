using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;

namespace PerCo.Engine.Backends;

/// <summary>
/// Runs networks on shapes alone: nothing is computed, and what the CPU's arena and prepared weights would take is
/// added up. The network's own code is the formula of its memory, so that the two cannot differ.
/// </summary>
/// <param name="strict">Whether the CPU would compute convolutions directly, with small weights.</param>
internal sealed class DryRunBackend(bool strict) : Backend, IRowBandOps
{
    /// <summary>Inputs · outputs up to which a 3×3 convolution's weights are prepared for F(4×4, 3×3).</summary>
    private const long MostChannelPairs4 = 1 << 20;

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
        long bytes = HostArena.RoundUp(checked(Math.Max(1, shape.Count) * sizeof(float)));
        _inUse += bytes;
        _peak = Math.Max(_peak, _inUse);
        return new Tensor(this, shape, new Storage(this, bytes));
    }

    public override void Upload(ReadOnlySpan<float> values, Tensor destination)
    {
    }

    public override void Download(Tensor source, Span<float> destination) => destination.Clear();

    public override ConvWeights PrepareConv2d(Conv2dSpec spec, HostTensor weight, HostTensor? bias)
    {
        long pairs = (long)spec.Inputs * spec.Outputs;
        bool transformed = !strict && spec is { KernelHeight: 3, KernelWidth: 3, Stride: 1 };
        int taps = !transformed ? spec.KernelHeight * spec.KernelWidth : pairs <= MostChannelPairs4 ? 36 : 16;
        return new Conv(spec, Count(pairs * taps));
    }

    public override LinearWeights PrepareLinear(LinearSpec spec, HostTensor weight, HostTensor? bias) =>
        new Matrix(spec, Count(weight.Shape.Count));

    public override NormWeights PrepareNorm(HostTensor scale, HostTensor shift) =>
        new Norm((int)scale.Shape.Count, Count(2 * scale.Shape.Count));

    // Tables stay where the checkpoint is mapped.
    public override EmbeddingWeights PrepareEmbedding(HostTensor table) =>
        new Table(table.Shape[0], table.Shape[1], 0);

    public override CodebookWeights PrepareCodebook(HostTensor codes) =>
        new Codes(codes.Shape[^2], codes.Shape[^1], Count(codes.Shape.Count));

    Tensor IRowBandOps.View(Tensor x, long first, Shape shape) => new(this, shape, new Storage(this, 0));

    Tensor IRowBandOps.Narrow(Tensor x, Shape shape) => new(this, shape, x.TakeStorage());

    Tensor IRowBandOps.NormFactors(Tensor x, NormWeights weights, int groups, float epsilon) =>
        Allocate(new Shape(x.Shape.Batch, 3, weights.Channels));

    Tensor IRowBandOps.NormApply(Tensor x, Tensor factors, Activation activation) => Allocate(x.Shape);

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

    private long Count(long values)
    {
        long bytes = checked(values * sizeof(float));
        WeightBytes += bytes;
        return bytes;
    }

    private sealed class Storage(DryRunBackend backend, long bytes) : TensorStorage
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
