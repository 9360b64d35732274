using PerCo.Engine.Backends.Cpu.Gemm;
using PerCo.Engine.Tensors.Ops;

namespace PerCo.Engine.Backends.Cpu.Winograd;

/// <summary>
/// A convolution by Winograd's algorithm whose transformed weights are not kept. With few tiles each task transforms a
/// block of its panel's inputs at a time; with many, all tiles use the same panels, which are overwritten by the next.
/// The same bits as with weights that are kept.
/// </summary>
internal readonly unsafe struct TransientWeights : IParallelBody
{
    /// <summary>Bytes of transformed weights at a time: inputs are transformed anew for each group of panels.</summary>
    private const long GroupBytes = 48 << 20;

    /// <summary>Transformed weights that are simply all made before the first product.</summary>
    private const int SmallWeights = 1 << 20;

    private readonly CpuConvWeights _weights;
    private readonly float* _transformed;
    private readonly float* _widened;
    private readonly long _widenedSize;
    private readonly int _firstPanel;
    private readonly ConvAlgorithm _algorithm;
    private readonly int _phase;

    private TransientWeights(
        CpuConvWeights weights, ConvAlgorithm algorithm, int phase, float* transformed, float* widened, int firstPanel)
    {
        _algorithm = algorithm;
        _phase = phase;
        _weights = weights;
        _transformed = transformed;
        _widened = widened;
        _widenedSize = WidenedSize(weights.Matrix);
        _firstPanel = firstPanel;
    }

    /// <summary>Computes a convolution.</summary>
    /// <param name="backend">Gives threads and memory.</param>
    /// <param name="weights">Weights that are not transformed.</param>
    /// <param name="algorithm">The transform.</param>
    /// <param name="conv">All but the matrix.</param>
    public static void Run(
        CpuBackend backend, CpuConvWeights weights, ConvAlgorithm algorithm, WinogradConv conv)
    {
        PackedMatrix direct = weights.Matrix;
        int k = WinogradWeights.K(weights.Spec.Inputs, algorithm);
        ConvOutput output = conv.Output;
        long tiles = WinogradConv.TilesOf(algorithm, output.Batch, output.Height, output.Width);
        if (IsByBlocks(tiles, (long)k * direct.Panels * direct.Kernels.Width))
        {
            conv.IsDirect = true;
            conv.Run(backend, algorithm);
            return;
        }

        int group = GroupPanels(direct.Panels, k, direct.Kernels.Width, backend.Pool.Threads);
        long transformed = (long)group * k * direct.Kernels.Width;
        HostStorage storage = backend.Arena.Rent(transformed + backend.Pool.Threads * WidenedSize(direct));
        try
        {
            for (int first = 0; first < direct.Panels; first += group)
            {
                int count = Math.Min(group, direct.Panels - first);
                backend.Pool.For(
                    count, new TransientWeights(
                        weights, algorithm, conv.Phase, storage.Values, storage.Values + transformed, first));
                using PackedMatrix matrix = PackedMatrix.Borrow(direct, k, storage.Values, first);
                conv.Matrix = matrix;
                conv.FirstPanel = first;
                conv.Panels = count;
                conv.Run(backend, algorithm);
            }
        }
        finally
        {
            storage.Release();
        }
    }

    /// <summary>Values of scratch memory that a convolution takes.</summary>
    /// <param name="kernels">Give a panel's width.</param>
    /// <param name="spec">The convolution.</param>
    /// <param name="algorithm">Its transform.</param>
    /// <param name="threads">Threads that compute.</param>
    /// <param name="tiles">Tiles of all pictures.</param>
    public static long ScratchSize(
        GemmKernels kernels, Conv2dSpec spec, ConvAlgorithm algorithm, int threads, long tiles)
    {
        int panels = PackedMatrix.DivideUp(spec.Outputs, kernels.Width);
        int k = WinogradWeights.K(spec.Inputs, algorithm);
        if (IsByBlocks(tiles, (long)k * panels * kernels.Width))
        {
            return threads * WinogradConv.MostBlockScratch(kernels.Width);
        }

        int directK = PackedMatrix.RoundUp(spec.Inputs * WinogradWeights.KernelTaps, GemmKernels.KMultiple);
        long direct = (long)directK * kernels.Width;
        return (long)GroupPanels(panels, k, kernels.Width, threads) * k * kernels.Width + threads * direct;
    }

    // Few tiles, whose sums a task can hold, of weights that are worth it.
    private static bool IsByBlocks(long tiles, long transformed) =>
        tiles <= WinogradConv.PanelTiles && transformed > SmallWeights;

    /// <summary>Panels that are transformed at a time: as many as the threads, if not more.</summary>
    private static int GroupPanels(int panels, int k, int width, int threads)
    {
        long most = Math.Max(threads, GroupBytes / ((long)k * width * sizeof(float)));
        return PackedMatrix.DivideUp(panels, PackedMatrix.DivideUp(panels, (int)Math.Min(most, panels)));
    }

    public void Run(int item, int worker)
    {
        PackedMatrix direct = _weights.Matrix;
        int panel = _firstPanel + item;
        float* source = direct.Widen(panel, 0, direct.K, _widened + worker * _widenedSize);
        WinogradWeights.TransformPanel(
            _algorithm, direct, _weights.Spec.Inputs, panel, source,
            _transformed + item * (long)WinogradWeights.K(_weights.Spec.Inputs, _algorithm) * direct.Kernels.Width,
            _phase);
    }

    private static long WidenedSize(PackedMatrix direct) =>
        direct.Format == PanelFormat.Fp32 ? 0 : (long)direct.K * direct.Kernels.Width;
}
