using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using PerCo.Engine.Backends.Cpu.Gemm;
using PerCo.Engine.Tensors;

namespace PerCo.Engine.Backends.Cpu.Winograd;

/// <summary>
/// Transforms kernels: G g Gᵀ. Lanes are outputs, so that nothing depends on the registers' width. A panel's k is (tap,
/// input), each tap's inputs padded.
/// </summary>
internal static unsafe class WinogradWeights
{
    /// <summary>
    /// Values of a tap that are worked on at a time. Taps often lie a multiple of 4 KiB apart, where a cache has room
    /// for few of them: whole pieces are copied out, so that each line is touched once.
    /// </summary>
    private const int Piece = 64;

    /// <summary>Values of a kernel.</summary>
    public const int KernelTaps = 9;

    /// <summary>Taps of the largest transform.</summary>
    private const int MostTaps = 36;

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
    /// <param name="phase">Which results of an up-sampled input.</param>
    public static void TransformPanel(
        ConvAlgorithm algorithm, PackedMatrix layout, int inputs, int panel, float* source, float* destination,
        int phase = 0)
    {
        int width = layout.Vectors(panel) * layout.Kernels.Lanes;
        switch (algorithm)
        {
            case ConvAlgorithm.Winograd2:
                TransformPanel<WinogradTransform2>(layout.Kernels.Lanes, inputs, width, source, destination, phase);
                break;
            case ConvAlgorithm.WinogradUp:
                TransformPanel<WinogradTransformUp>(layout.Kernels.Lanes, inputs, width, source, destination, phase);
                break;
            default:
                TransformPanel<WinogradTransform4>(layout.Kernels.Lanes, inputs, width, source, destination, phase);
                break;
        }
    }

    private static void TransformPanel<TTransform>(
        int lanes, int inputs, int width, float* source, float* destination, int phase)
        where TTransform : struct, IWinogradTransform
    {
        if (lanes == Vector512<float>.Count)
        {
            TransformPanel<TTransform, Simd512, Vector512<float>>(inputs, width, source, destination, phase);
        }
        else if (lanes == Vector256<float>.Count)
        {
            TransformPanel<TTransform, Simd256, Vector256<float>>(inputs, width, source, destination, phase);
        }
        else
        {
            TransformPanel<TTransform, Simd128, Vector128<float>>(inputs, width, source, destination, phase);
        }
    }

    [SkipLocalsInit, MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void TransformPanel<TTransform, S, V>(
        int inputs, int width, float* source, float* destination, int phase)
        where TTransform : struct, IWinogradTransform
        where S : struct, ISimd<V>
        where V : struct
    {
        int taps = TTransform.Inputs * TTransform.Inputs;
        long sourceTap = (long)inputs * width;
        long tap = (long)PackedMatrix.RoundUp(inputs, GemmKernels.KMultiple) * width;
        float* transformed = stackalloc float[MostTaps * Piece];
        for (long at = 0; at < sourceTap; at += Piece)
        {
            int count = (int)Math.Min(Piece, sourceTap - at);
            for (int i = 0; i < count; i += S.Count)
            {
                TTransform.Kernel<S, V>(source + at + i, sourceTap, transformed + i, Piece, phase);
            }

            for (int i = 0; i < taps; i++)
            {
                Unsafe.CopyBlockUnaligned(
                    destination + i * tap + at, transformed + i * Piece, (uint)count * sizeof(float));
            }
        }

        for (int i = 0; i < taps; i++)
        {
            new Span<float>(destination + i * tap + sourceTap, (int)(tap - sourceTap)).Clear();
        }
    }
}
