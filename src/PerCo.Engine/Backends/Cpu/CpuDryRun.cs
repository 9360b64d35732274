using PerCo.Engine.Backends.Cpu.Gemm;
using PerCo.Engine.Backends.Cpu.Winograd;
using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;

namespace PerCo.Engine.Backends.Cpu;

/// <summary>What networks take of the CPU's memory: its arena, scratch and prepared weights.</summary>
/// <param name="kernels">The CPU's kernels, whose panels the weights fill up.</param>
/// <param name="threads">The CPU's threads, each with scratch memory.</param>
/// <param name="weights">How weights are stored.</param>
/// <param name="strict">Whether convolutions are computed directly.</param>
internal sealed class CpuDryRun(GemmKernels kernels, int threads, WeightPlan weights, bool strict)
    : ShapesBackend
{
    /// <summary>Scratch of a thread in a matrix product: packed rows, widened columns and a tile, with room.</summary>
    private const long ProductScratch = 1 << 20;

    /// <summary>Tiles that a thread of a Winograd convolution works on at once, with room.</summary>
    private const int WinogradTiles = 64;

    private long _transformed;

    public override long DefaultBandBytes => HostBackend.BandBytes;

    protected override int ElementSize => sizeof(float);

    protected override bool SharesViews => true;

    /// <summary>Convolutions whose transformed weights are kept.</summary>
    public int KeptConvs { get; private set; }

    /// <summary>Convolutions whose weights are transformed at every use.</summary>
    public int TransientConvs { get; private set; }

    public override ConvWeights PrepareConv2d(Conv2dSpec spec, HostTensor weight, HostTensor? bias)
    {
        ConvAlgorithm algorithm = ConvPlan.Choose(spec, strict, kernels.Lanes);
        long transformed = ConvPlan.TransformedBytes(spec, algorithm);
        bool kept = transformed > 0 && transformed <= weights.TransformedMemoryLeft(_transformed);
        if (!kept)
        {
            TransientConvs += transformed > 0 ? 1 : 0;
            long direct = PackedMatrix.BytesOf(
                kernels, spec.Inputs * spec.KernelHeight * spec.KernelWidth, spec.Outputs, paired: false,
                weights.Format(weight.Type, weight.Shape.Count)) + ThinConv.BytesOf(spec);
            return new PlannedConv(this, spec, algorithm, kept, Add(direct), 0);
        }

        KeptConvs++;
        _transformed += transformed;
        long bytes = Add(
            PackedMatrix.BytesOf(
                kernels, WinogradWeights.K(spec.Inputs, algorithm), spec.Outputs, paired: false, PanelFormat.Fp32),
            besides: transformed + threads * DirectPanelBytes(spec));
        return new PlannedConv(this, spec, algorithm, kept, bytes, transformed);
    }

    public override LinearWeights PrepareLinear(LinearSpec spec, HostTensor weight, HostTensor? bias) => new Matrix(
        this, spec, Add(PackedMatrix.BytesOf(
            kernels, spec.Inputs, spec.Outputs, spec.Activation == Activation.Geglu,
            weights.Format(weight.Type, weight.Shape.Count))));

    // Tables stay where the checkpoint is mapped.
    public override EmbeddingWeights PrepareEmbedding(HostTensor table) =>
        new Table(this, table.Shape[0], table.Shape[1], 0);

    public override CodebookWeights PrepareCodebook(HostTensor codes) =>
        new Codes(this, codes.Shape[^2], codes.Shape[^1], Add(2 * codes.Shape.Count * sizeof(float)));

    private protected override void Conv2dCore(Tensor x, ConvWeights weights, in Conv2dOperands operands, Tensor result)
    {
        var conv = (PlannedConv)weights;
        if (conv.Algorithm == ConvAlgorithm.Direct)
        {
            RentForOp(threads * ProductScratch);
            return;
        }

        // An input of another size takes more than a doubled one.
        ConvAlgorithm algorithm = ConvPlan.WithoutDoubling(conv.Algorithm);
        Shape shape = result.Shape;
        long tiles = WinogradConv.TilesOf(algorithm, shape.Batch, shape.Height, shape.Width);
        if (algorithm == ConvAlgorithm.Winograd4Fused)
        {
            RentForOp(FusedConv.ScratchSize(conv.Spec, tiles, kernels.Lanes, threads) * sizeof(float));
            return;
        }

        // Transformed inputs, which all threads share where there are few tiles, each thread's sums, and the weights
        // where they are not kept.
        long inputTiles = Math.Max((long)threads * WinogradTiles, WinogradConv.PanelTiles);
        long sumTiles = (long)threads * WinogradConv.PanelTiles;
        long values = ConvPlan.Taps(algorithm)
            * (inputTiles * PackedMatrix.RoundUp(conv.Spec.Inputs, GemmKernels.Chunk) + sumTiles * kernels.Width);
        values += conv.IsKept ? 0 : TransientWeights.ScratchSize(kernels, conv.Spec, algorithm, threads, tiles);
        RentForOp(values * sizeof(float));
    }

    private protected override void LinearCore(Tensor x, LinearWeights weights, Tensor? residual, Tensor result)
    {
        bool isStrassen = !strict && StrassenProduct.Suits(weights.Spec, x.Shape.Tokens);
        long strassen = isStrassen ? StrassenProduct.MostScratch(kernels, threads) * sizeof(float) : 0;
        RentForOp(Math.Max(threads * ProductScratch, strassen));
    }

    // Keys and values in the order of the kernels, each head's rounded up to whole panels.
    private protected override void AttentionCore(
        ChannelSlice q, ChannelSlice k, ChannelSlice v, in AttentionSpec spec, Tensor result)
    {
        long channels = PackedMatrix.RoundUp(k.Count / spec.Heads, GemmKernels.Chunk);
        long keys = PackedMatrix.RoundUp(k.Tensor.Shape.Tokens, AttentionBlocks.BlockKeys);
        RentForOp(2 * k.Tensor.Shape.Batch * spec.Heads * channels * keys * sizeof(float) + threads * ProductScratch);
    }

    protected override long BlockBytes(long bytes) => HostArena.RoundUp(Math.Max(sizeof(float), bytes));

    // What a thread transforms from.
    private long DirectPanelBytes(Conv2dSpec spec) =>
        (long)spec.Inputs * spec.KernelHeight * spec.KernelWidth * kernels.Width * sizeof(float);

    private void RentForOp(long bytes) => Scratch(HostArena.RoundUp(bytes));

    private sealed class PlannedConv(
        CpuDryRun backend, Conv2dSpec spec, ConvAlgorithm algorithm, bool isKept, long bytes, long transformed)
        : Conv(backend, spec, bytes)
    {
        public ConvAlgorithm Algorithm => algorithm;

        public bool IsKept => isKept;

        protected override void Dispose(bool disposing)
        {
            backend._transformed -= transformed;
            base.Dispose(disposing);
        }
    }
}
