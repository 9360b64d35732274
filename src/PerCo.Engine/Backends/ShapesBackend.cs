using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;

namespace PerCo.Engine.Backends;

/// <summary>
/// Runs networks on shapes alone: nothing is computed, and what an arena and prepared weights would take is added up.
/// The network's own code is the formula of its memory, so that the two cannot differ.
/// </summary>
internal abstract class ShapesBackend : Backend, IRowBandOps
{
    private long _inUse;
    private long _peak;

    public override string Name => "dry run";

    public override string Description => "shapes only, to plan memory";

    public override long MemoryInUse => _inUse;

    public override long PeakMemory => _peak;

    /// <summary>Bytes of all weights that are prepared.</summary>
    public long WeightBytes { get; private set; }

    /// <summary>Most of them at once since <see cref="ResetPeak"/>, with what preparing them took besides.</summary>
    public long PeakWeightBytes { get; private set; }

    public override void ResetPeak()
    {
        _peak = _inUse;
        PeakWeightBytes = WeightBytes;
    }

    public override void TrimMemory()
    {
    }

    /// <inheritdoc cref="IRowBandOps.DefaultBandBytes"/>
    public abstract long DefaultBandBytes { get; }

    /// <summary>Bytes of an activation.</summary>
    protected abstract int ElementSize { get; }

    public override Tensor Allocate(Shape shape) =>
        new(this, shape, Reserve(BlockBytes(checked(shape.Count * ElementSize))));

    public override NormWeights PrepareNorm(HostTensor scale, HostTensor shift) =>
        new Norm(this, (int)scale.Shape.Count, Add(2 * scale.Shape.Count * sizeof(float)));

    public override void Upload(ReadOnlySpan<float> values, Tensor destination)
    {
    }

    public override void Download(Tensor source, Span<float> destination) => destination.Clear();

    Tensor IRowBandOps.View(Tensor x, long first, Shape shape) =>
        SharesViews || first == 0 ? new(this, shape, Reserve(0)) : Allocate(shape);

    Tensor IRowBandOps.Narrow(Tensor x, Shape shape) => new(this, shape, x.TakeStorage());

    Tensor IRowBandOps.NormFactors(Tensor x, NormWeights weights, int groups, float epsilon)
    {
        var shape = new Shape(x.Shape.Batch, 3, weights.Channels);
        return new(this, shape, Reserve(BlockBytes(shape.Count * sizeof(float))));
    }

    Tensor IRowBandOps.NormApply(Tensor x, Tensor factors, Activation activation) => Allocate(x.Shape);

    /// <summary>Whether a view shares the tensor's memory wherever it begins.</summary>
    protected abstract bool SharesViews { get; }

    /// <summary>Bytes of the arena's block for so many.</summary>
    protected abstract long BlockBytes(long bytes);

    /// <summary>Memory of the arena until it is released.</summary>
    protected TensorStorage Reserve(long bytes)
    {
        _inUse += bytes;
        _peak = Math.Max(_peak, _inUse);
        return new Storage(this, bytes);
    }

    /// <summary>Memory of the arena that an op takes for as long as it runs.</summary>
    protected void Scratch(long bytes) => _peak = Math.Max(_peak, _inUse + bytes);

    /// <summary>Weights' memory until <see cref="Remove"/>; returns <paramref name="bytes"/>.</summary>
    /// <param name="bytes">What stays.</param>
    /// <param name="besides">What only preparing them takes.</param>
    protected long Add(long bytes, long besides = 0)
    {
        PeakWeightBytes = Math.Max(PeakWeightBytes, WeightBytes + Math.Max(bytes, besides));
        WeightBytes += bytes;
        return bytes;
    }

    protected void Remove(long bytes) => WeightBytes -= bytes;

    private protected override void Conv2dCore(Tensor x, ConvWeights weights, in Conv2dOperands operands, Tensor result)
    {
    }

    private protected override void LinearCore(Tensor x, LinearWeights weights, Tensor? residual, Tensor result)
    {
    }

    private protected override void AttentionCore(
        ChannelSlice q, ChannelSlice k, ChannelSlice v, in AttentionSpec spec, Tensor result)
    {
    }

    private protected override void GroupNormCore(
        Tensor x, Tensor? second, NormWeights weights, int groups, float epsilon, Activation activation, Tensor result)
    {
    }

    private protected override void LayerNormCore(Tensor x, NormWeights weights, float epsilon, Tensor result)
    {
    }

    private protected override void ActivateCore(Tensor x, Activation activation, Tensor result)
    {
    }

    private protected override void AddCore(Tensor x, Tensor y, Tensor result)
    {
    }

    private protected override void SigmoidGateCore(Tensor x, Tensor value, Tensor gate, Tensor result)
    {
    }

    private protected override void UpsampleNearestCore(Tensor x, Tensor result)
    {
    }

    private protected override void EmbedCore(ReadOnlySpan<int> ids, EmbeddingWeights table, Tensor result)
    {
    }

    private protected override void VectorQuantizeCore(
        Tensor x, CodebookWeights codebook, Span<int> indices, Span<float> margins)
    {
    }

    private protected override void CopyTokensCore(
        ChannelSlice source, int sourceStart, int count, Tensor destination, int destinationStart)
    {
    }

    private sealed class Storage(ShapesBackend backend, long bytes) : TensorStorage
    {
        protected internal override void Release() => backend._inUse -= bytes;
    }

    protected class Conv(ShapesBackend backend, Conv2dSpec spec, long bytes) : ConvWeights(spec)
    {
        public override long Bytes => bytes;

        protected override void Dispose(bool disposing)
        {
            backend.Remove(bytes);
            base.Dispose(disposing);
        }
    }

    protected sealed class Matrix(ShapesBackend backend, LinearSpec spec, long bytes) : LinearWeights(spec)
    {
        public override long Bytes => bytes;

        protected override void Dispose(bool disposing)
        {
            backend.Remove(bytes);
            base.Dispose(disposing);
        }
    }

    protected sealed class Norm(ShapesBackend backend, int channels, long bytes) : NormWeights(channels)
    {
        public override long Bytes => bytes;

        protected override void Dispose(bool disposing)
        {
            backend.Remove(bytes);
            base.Dispose(disposing);
        }
    }

    protected sealed class Table(ShapesBackend backend, int entries, int channels, long bytes)
        : EmbeddingWeights(entries, channels)
    {
        public override long Bytes => bytes;

        protected override void Dispose(bool disposing)
        {
            backend.Remove(bytes);
            base.Dispose(disposing);
        }
    }

    protected sealed class Codes(ShapesBackend backend, int entries, int channels, long bytes)
        : CodebookWeights(entries, channels)
    {
        public override long Bytes => bytes;

        protected override void Dispose(bool disposing)
        {
            backend.Remove(bytes);
            base.Dispose(disposing);
        }
    }
}
