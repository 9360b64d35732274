using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using PerCo.Engine.Backends.Cpu.Gemm;
using PerCo.Engine.Tensors;

namespace PerCo.Engine.Backends.Cpu.Winograd;

/// <summary>
/// Transforms kernels: G g Gᵀ, in double precision and rounded once, so that nothing depends on the registers' width.
/// A panel's k is (tap, input), each tap's inputs padded.
/// </summary>
internal static unsafe class WinogradWeights
{
    private const int Lanes = 4;

    /// <summary>
    /// Values of a tap that are worked on at a time. Taps often lie a multiple of 4 KiB apart, where a cache has room
    /// for few of them: whole pieces are copied in and out, so that each line is touched once.
    /// </summary>
    private const int Piece = 64;

    /// <summary>Taps of the largest transform in one direction.</summary>
    private const int MostTaps = 6;

    /// <summary>A convolution's matrix, transformed, in fp32.</summary>
    public static PackedMatrix Transform(
        WorkerPool pool, GemmKernels kernels, MatrixSource direct, HostTensor? bias, int inputs,
        ConvAlgorithm algorithm)
    {
        PackedMatrix result = PackedMatrix.Unwritten(kernels, K(inputs, algorithm), direct.Columns, bias);
        pool.For(result.Panels, panel =>
        {
            float[] rented = ArrayPool<float>.Shared.Rent(checked(direct.K * kernels.Width));
            fixed (float* values = rented)
            {
                direct.FillPanel(result, panel, values);
                TransformPanel(algorithm, result, inputs, panel, values, result.Panel(panel));
            }

            ArrayPool<float>.Shared.Return(rented);
        });
        return result;
    }

    /// <summary>Rows of a transformed panel.</summary>
    public static int K(int inputs, ConvAlgorithm algorithm) =>
        checked(ConvPlan.Taps(algorithm) * PackedMatrix.RoundUp(inputs, GemmKernels.KMultiple));

    /// <summary>Transforms a panel.</summary>
    /// <param name="algorithm">Which transform.</param>
    /// <param name="layout">Has the panel's width.</param>
    /// <param name="inputs">Input channels.</param>
    /// <param name="panel">The panel.</param>
    /// <param name="source">Its values in fp32; k is (tap, input).</param>
    /// <param name="destination">Receives the transformed panel.</param>
    public static void TransformPanel(
        ConvAlgorithm algorithm, PackedMatrix layout, int inputs, int panel, float* source, float* destination)
    {
        int width = layout.Vectors(panel) * layout.Kernels.Lanes;
        if (algorithm == ConvAlgorithm.Winograd4)
        {
            TransformPanel<WinogradTransform4>(inputs, width, source, destination);
        }
        else
        {
            TransformPanel<WinogradTransform2>(inputs, width, source, destination);
        }
    }

    [SkipLocalsInit, MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void TransformPanel<TTransform>(int inputs, int width, float* source, float* destination)
        where TTransform : struct, IWinogradTransform
    {
        int t = TTransform.Outputs + 2;
        long sourceTap = (long)inputs * width;
        long tap = (long)PackedMatrix.RoundUp(inputs, GemmKernels.KMultiple) * width;
        float* kernels = stackalloc float[9 * Piece];
        float* transformed = stackalloc float[MostTaps * MostTaps * Piece];
        for (long at = 0; at < sourceTap; at += Piece)
        {
            int count = (int)Math.Min(Piece, sourceTap - at);
            for (int i = 0; i < 9; i++)
            {
                Unsafe.CopyBlockUnaligned(
                    kernels + i * Piece, source + i * sourceTap + at, (uint)count * sizeof(float));
            }

            for (int lane = 0; lane < count; lane += Lanes)
            {
                TransformLanes<TTransform>(kernels + lane, transformed + lane);
            }

            for (int i = 0; i < t * t; i++)
            {
                Unsafe.CopyBlockUnaligned(
                    destination + i * tap + at, transformed + i * Piece, (uint)count * sizeof(float));
            }
        }

        for (int i = 0; i < t * t; i++)
        {
            new Span<float>(destination + i * tap + sourceTap, (int)(tap - sourceTap)).Clear();
        }
    }

    // [9][Piece] → [t·t][Piece]: the columns of each kernel, then its rows.
    [SkipLocalsInit, MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void TransformLanes<TTransform>(float* kernels, float* transformed)
        where TTransform : struct, IWinogradTransform
    {
        int t = TTransform.Outputs + 2;
        Vector256<double>* rows = stackalloc Vector256<double>[MostTaps * 3];
        Vector256<double>* line = stackalloc Vector256<double>[MostTaps];
        for (int x = 0; x < 3; x++)
        {
            TTransform.Kernel(
                Load(kernels + x * Piece), Load(kernels + (3 + x) * Piece), Load(kernels + (6 + x) * Piece), rows + x,
                stride: 3);
        }

        for (int i = 0; i < t; i++)
        {
            TTransform.Kernel(rows[i * 3], rows[i * 3 + 1], rows[i * 3 + 2], line, stride: 1);
            for (int j = 0; j < t; j++)
            {
                Store(line[j], transformed + (i * t + j) * Piece);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<double> Load(float* source)
    {
        Vector128<float> values = Vector128.Load(source);
        return Avx.IsSupported
            ? Avx.ConvertToVector256Double(values)
            : Vector256.Create(Vector128.WidenLower(values), Vector128.WidenUpper(values));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(Vector256<double> values, float* destination)
    {
        Vector128<float> rounded = Avx.IsSupported
            ? Avx.ConvertToVector128Single(values)
            : Vector128.Narrow(values.GetLower(), values.GetUpper());
        rounded.Store(destination);
    }
}
