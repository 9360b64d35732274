using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using PerCo.Engine.Backends.Cpu.Gemm;
using PerCo.Engine.Tensors.Ops;

namespace PerCo.Engine.Backends.Cpu.Winograd;

/// <summary>
/// A <see cref="WinogradConv"/> by F(4×4, 3×3) for few positions and many channels, where the kernels come from memory
/// and set the pace: they are read once as they are, a quarter of what their transform takes. Panels are one vector
/// wide; a panel's k is (input, tap).
/// </summary>
internal static unsafe class FusedConv
{
    /// <summary>Inputs whose kernels stay in the first-level caches while all lines use them.</summary>
    private const int BlockInputs = 64;

    /// <summary>Most tiles at a time, whose transformed inputs and sums stay in the caches.</summary>
    private const int MostTiles = WinogradConv.PanelTiles;

    /// <summary>Computes the convolution.</summary>
    public static void Run(CpuBackend backend, in WinogradConv conv)
    {
        switch (backend.InstructionSet)
        {
            case InstructionSet.Avx512:
                Run<Simd512, Vector512<float>>(backend, conv);
                break;
            case InstructionSet.Avx2:
                Run<Simd256, Vector256<float>>(backend, conv);
                break;
            default:
                Run<Simd128, Vector128<float>>(backend, conv);
                break;
        }
    }

    /// <summary>Values of scratch memory that a convolution takes.</summary>
    /// <param name="spec">The convolution.</param>
    /// <param name="tiles">Tiles of all pictures.</param>
    /// <param name="lanes">Floats in a vector.</param>
    /// <param name="threads">Threads that compute.</param>
    public static long ScratchSize(Conv2dSpec spec, long tiles, int lanes, int threads)
    {
        long k = PackedMatrix.RoundUp(spec.Inputs, GemmKernels.Chunk);
        long padded = PackedMatrix.RoundUp((int)Math.Min(tiles, MostTiles), FusedLines.Tiles);
        long taps = FusedLines.Lines * FusedLines.Lines;
        long kernels = WinogradWeights.KernelTaps * BlockInputs * (long)lanes;
        return taps * (padded + 1) * k + threads * (taps * (padded * lanes + k + 2 * GemmKernels.Chunk) + kernels);
    }

    private static void Run<S, V>(CpuBackend backend, in WinogradConv conv)
        where S : struct, ISimd<V>
        where V : struct
    {
        var tiles = new WinogradTiles<WinogradTransform4, S, V>(
            conv, TileFinish.For(backend.InstructionSet, conv.Output.Activation), FusedLines.Tiles);
        for (int first = 0; first < tiles.Count; first += MostTiles)
        {
            int count = Math.Min(MostTiles, tiles.Count - first);
            int padded = PackedMatrix.RoundUp(count, FusedLines.Tiles);
            long packed = tiles.PackedSize(padded);
            long sums = (long)FusedLines.Lines * FusedLines.Lines * padded * S.Count;
            long kernels = (long)WinogradWeights.KernelTaps * BlockInputs * S.Count;
            long scratch = tiles.WorkSize + sums + kernels;
            HostStorage storage = backend.Arena.Rent(packed + scratch * backend.Pool.Threads);
            try
            {
                var inputs = new Inputs<S, V>
                {
                    Tiles = tiles,
                    First = first,
                    Padded = padded,
                    Packed = storage.Values,
                    Work = storage.Values + packed,
                    Stride = scratch,
                };
                backend.Pool.For(count, inputs);
                backend.Pool.For(conv.Panels, new Outputs<S, V>
                {
                    Of = inputs,
                    Matrix = conv.Matrix,
                    Inputs = conv.Input.Channels,
                    Count = count,
                    Sums = storage.Values + packed + tiles.WorkSize,
                    Widened = storage.Values + packed + tiles.WorkSize + sums,
                });
            }
            finally
            {
                storage.Release();
            }
        }
    }

    /// <summary>Transforms the input of a tile.</summary>
    private struct Inputs<S, V> : IParallelBody
        where S : struct, ISimd<V>
        where V : struct
    {
        public WinogradTiles<WinogradTransform4, S, V> Tiles;
        public int First;
        public int Padded;
        public float* Packed;
        public float* Work;
        public long Stride;

        public readonly void Run(int item, int worker) =>
            Tiles.TransformInput(First, Padded, item, Packed, Work + worker * Stride);
    }

    /// <summary>Computes a vector of outputs of all tiles.</summary>
    private struct Outputs<S, V> : IParallelBody
        where S : struct, ISimd<V>
        where V : struct
    {
        public Inputs<S, V> Of;
        public PackedMatrix Matrix;
        public int Inputs;
        public int Count;
        public float* Sums;
        public float* Widened;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public readonly void Run(int item, int worker)
        {
            const int tiles = FusedLines.Tiles;
            int groups = Of.Padded / tiles;
            int line = FusedLines.Lines * tiles * S.Count;
            int group = FusedLines.Lines * line;
            float* sums = Sums + worker * Of.Stride;
            float* widened = Widened + worker * Of.Stride;
            float* work = Of.Work + worker * Of.Stride;
            new Span<float>(sums, groups * group).Clear();
            for (int k0 = 0; k0 < Inputs; k0 += BlockInputs)
            {
                Add(item, k0, sums, widened);
            }

            for (int i = 0; i < groups; i++)
            {
                Scale(sums + i * group);
            }

            for (int i = 0; i < Count; i++)
            {
                Of.Tiles.TransformOutput(
                    Of.First + i, item * S.Count, sums + i / tiles * group + i % tiles * S.Count,
                    tiles * S.Count, S.Count, work);
            }
        }

        // A block of inputs, while the next one's kernels are fetched.
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private readonly void Add(int panel, int k0, float* sums, float* widened)
        {
            const int tiles = FusedLines.Tiles;
            int inputs = Math.Min(BlockInputs, Inputs - k0);
            long tapStride = Of.Tiles.TapStride(Of.Padded);
            float* kernels = Matrix.Widen(
                panel, (long)k0 * WinogradWeights.KernelTaps, (long)inputs * WinogradWeights.KernelTaps, widened);
            long step = (long)WinogradWeights.KernelTaps * S.Count * Matrix.Format.Size();
            byte* next = Matrix.Stored(panel) + (k0 + inputs) * step;
            byte* end = next + inputs * step;
            for (int group = 0; group < Of.Padded; group += tiles)
            {
                float* a = Of.Packed + (long)group * Of.Tiles.StoredK + (long)k0 * tiles;
                for (int line = 0; line < FusedLines.Lines; line++)
                {
                    FusedLines.Add<S, V>(
                        line, inputs, kernels, a, tapStride, sums, next < end ? (float*)next : kernels);
                    a += FusedLines.Lines * tapStride;
                    sums += FusedLines.Lines * tiles * S.Count;
                    next += FusedLines.Fetched(inputs);
                }
            }
        }

        private static void Scale(float* sums)
        {
            for (int tap = 0; tap < FusedLines.Lines * FusedLines.Lines; tap++)
            {
                V factor = S.Create(FusedLines.Factor(tap));
                for (int i = 0; i < FusedLines.Tiles; i++)
                {
                    S.Store(S.Multiply(S.Load(sums), factor), sums);
                    sums += S.Count;
                }
            }
        }
    }
}
