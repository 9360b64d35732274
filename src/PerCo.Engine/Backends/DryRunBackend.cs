using PerCo.Engine.Backends.Cpu;
using PerCo.Engine.Backends.Cpu.Gemm;
using PerCo.Engine.Backends.Cpu.Winograd;
using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;

namespace PerCo.Engine.Backends;

/// <summary>
/// Runs networks on shapes alone: nothing is computed, and what the CPU's arena and prepared weights would take is
/// added up. The network's own code is the formula of its memory, so that the two cannot differ.
/// </summary>
/// <param name="kernels">The CPU's kernels, whose panels the weights fill up.</param>
/// <param name="threads">The CPU's threads, each with scratch memory.</param>
/// <param name="weights">How weights are stored.</param>
/// <param name="strict">Whether convolutions are computed directly.</param>
internal sealed class DryRunBackend(GemmKernels kernels, int threads, WeightPlan weights, bool strict)
    : Backend, IRowBandOps
{
    /// <summary>Scratch of a thread in a matrix product: packed rows, widened columns and a tile, with room.</summary>
    private const long ProductScratch = 1 << 20;

    /// <summary>Tiles that a thread of a Winograd convolution works on at once, with room.</summary>
    private const int WinogradTiles = 64;

    private long _inUse;
    private long _peak;
    private long _transformed;

    public override string Name => "dry run";

    public override string Description => "shapes only, to plan memory";

    public override long MemoryInUse => _inUse;

    public override long PeakMemory => _peak;

    /// <summary>Bytes of all weights that are prepared.</summary>
    public long WeightBytes { get; private set; }

    /// <summary>Most of them at once since <see cref="ResetPeak"/>, with what preparing them took besides.</summary>
    public long PeakWeightBytes { get; private set; }

    /// <summary>Convolutions whose transformed weights are kept.</summary>
    public int KeptConvs { get; private set; }

    /// <summary>Convolutions whose weights are transformed at every use.</summary>
    public int TransientConvs { get; private set; }

    public override void ResetPeak()
    {
        _peak = _inUse;
        PeakWeightBytes = WeightBytes;
    }

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
        ConvAlgorithm algorithm = ConvPlan.Choose(spec, strict);
        long transformed = ConvPlan.TransformedBytes(spec, algorithm);
        bool kept = transformed > 0 && transformed <= weights.TransformedMemoryLeft(_transformed);
        PanelFormat format = kept ? PanelFormat.Fp32 : weights.Format(weight.Type, weight.Shape.Count);
        long direct = PackedMatrix.BytesOf(
            kernels, spec.Inputs * spec.KernelHeight * spec.KernelWidth, spec.Outputs, paired: false, format);
        if (!kept)
        {
            TransientConvs += algorithm == ConvAlgorithm.Direct ? 0 : 1;
            return new Conv(this, spec, algorithm, kept, Add(direct), 0);
        }

        KeptConvs++;
        _transformed += transformed;
        PeakWeightBytes = Math.Max(PeakWeightBytes, WeightBytes + direct + transformed);
        long bytes = Add(PackedMatrix.BytesOf(
            kernels, WinogradWeights.K(spec.Inputs, algorithm), spec.Outputs, paired: false, PanelFormat.Fp32));
        return new Conv(this, spec, algorithm, kept, bytes, transformed);
    }

    public override LinearWeights PrepareLinear(LinearSpec spec, HostTensor weight, HostTensor? bias) => new Matrix(
        this, spec, Add(PackedMatrix.BytesOf(
            kernels, spec.Inputs, spec.Outputs, spec.Activation == Activation.Geglu,
            weights.Format(weight.Type, weight.Shape.Count))));

    public override NormWeights PrepareNorm(HostTensor scale, HostTensor shift) =>
        new Norm(this, (int)scale.Shape.Count, Add(2 * scale.Shape.Count * sizeof(float)));

    // Tables stay where the checkpoint is mapped.
    public override EmbeddingWeights PrepareEmbedding(HostTensor table) =>
        new Table(table.Shape[0], table.Shape[1], 0);

    public override CodebookWeights PrepareCodebook(HostTensor codes) =>
        new Codes(this, codes.Shape[^2], codes.Shape[^1], Add(2 * codes.Shape.Count * sizeof(float)));

    Tensor IRowBandOps.View(Tensor x, long first, Shape shape) => new(this, shape, new Storage(this, 0));

    Tensor IRowBandOps.Narrow(Tensor x, Shape shape) => new(this, shape, x.TakeStorage());

    Tensor IRowBandOps.NormFactors(Tensor x, NormWeights weights, int groups, float epsilon) =>
        Allocate(new Shape(x.Shape.Batch, 3, weights.Channels));

    Tensor IRowBandOps.NormApply(Tensor x, Tensor factors, Activation activation) => Allocate(x.Shape);

    protected override void Conv2dCore(Tensor x, ConvWeights weights, in Conv2dOperands operands, Tensor result)
    {
        var conv = (Conv)weights;
        if (conv.Algorithm == ConvAlgorithm.Direct)
        {
            Scratch(threads * ProductScratch);
            return;
        }

        // Transformed inputs, which all threads share where there are few tiles, each thread's sums, and the weights
        // where they are not kept.
        long inputTiles = Math.Max((long)threads * WinogradTiles, WinogradConv.PanelTiles);
        long sumTiles = (long)threads * WinogradConv.PanelTiles;
        long values = ConvPlan.Taps(conv.Algorithm)
            * (inputTiles * PackedMatrix.RoundUp(conv.Spec.Inputs, GemmKernels.Chunk) + sumTiles * kernels.Width);
        values += conv.IsKept ? 0 : TransientWeights.ScratchSize(kernels, conv.Spec, conv.Algorithm, threads);
        Scratch(values * sizeof(float));
    }

    protected override void LinearCore(Tensor x, LinearWeights weights, Tensor? residual, Tensor result) =>
        Scratch(threads * ProductScratch);

    // Keys and values in the order of the kernels, each head's rounded up to whole panels.
    protected override void AttentionCore(
        ChannelSlice q, ChannelSlice k, ChannelSlice v, in AttentionSpec spec, Tensor result)
    {
        long channels = PackedMatrix.RoundUp(k.Count / spec.Heads, GemmKernels.Chunk);
        long keys = PackedMatrix.RoundUp(k.Tensor.Shape.Tokens, AttentionBlocks.BlockKeys);
        Scratch(2 * k.Tensor.Shape.Batch * spec.Heads * channels * keys * sizeof(float) + threads * ProductScratch);
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

    private long Add(long bytes)
    {
        WeightBytes += bytes;
        PeakWeightBytes = Math.Max(PeakWeightBytes, WeightBytes);
        return bytes;
    }

    private void Scratch(long bytes) => _peak = Math.Max(_peak, _inUse + HostArena.RoundUp(bytes));

    private sealed class Storage(DryRunBackend backend, long bytes) : TensorStorage
    {
        protected internal override void Release() => backend._inUse -= bytes;
    }

    private sealed class Conv(
        DryRunBackend backend, Conv2dSpec spec, ConvAlgorithm algorithm, bool isKept, long bytes, long transformed)
        : ConvWeights(spec)
    {
        public ConvAlgorithm Algorithm => algorithm;

        public bool IsKept => isKept;

        public override long Bytes => bytes;

        protected override void Dispose(bool disposing)
        {
            backend.WeightBytes -= bytes;
            backend._transformed -= transformed;
            base.Dispose(disposing);
        }
    }

    private sealed class Matrix(DryRunBackend backend, LinearSpec spec, long bytes) : LinearWeights(spec)
    {
        public override long Bytes => bytes;

        protected override void Dispose(bool disposing)
        {
            backend.WeightBytes -= bytes;
            base.Dispose(disposing);
        }
    }

    private sealed class Norm(DryRunBackend backend, int channels, long bytes) : NormWeights(channels)
    {
        public override long Bytes => bytes;

        protected override void Dispose(bool disposing)
        {
            backend.WeightBytes -= bytes;
            base.Dispose(disposing);
        }
    }

    private sealed class Table(int entries, int channels, long bytes) : EmbeddingWeights(entries, channels)
    {
        public override long Bytes => bytes;
    }

    private sealed class Codes(DryRunBackend backend, int entries, int channels, long bytes)
        : CodebookWeights(entries, channels)
    {
        public override long Bytes => bytes;

        protected override void Dispose(bool disposing)
        {
            backend.WeightBytes -= bytes;
            base.Dispose(disposing);
        }
    }
}
