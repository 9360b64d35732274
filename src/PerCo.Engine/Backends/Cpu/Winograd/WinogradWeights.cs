using PerCo.Engine.Backends.Cpu.Gemm;
using PerCo.Engine.Tensors;

namespace PerCo.Engine.Backends.Cpu.Winograd;

/// <summary>Transforms kernels: G g Gᵀ, in double precision and rounded once.</summary>
internal static class WinogradWeights
{
    /// <summary>
    /// Packs a weight [outputs, inputs, 3, 3]; a panel's k is (tap, input), each tap's inputs padded.
    /// </summary>
    public static PackedMatrix Pack<TTransform>(
        WorkerPool pool, GemmKernels kernels, HostTensor weight, HostTensor? bias)
        where TTransform : struct, IWinogradTransform
    {
        int inputs = weight.Shape[1];
        int t = TTransform.Outputs + 2;
        int padded = PackedMatrix.RoundUp(inputs, GemmKernels.KMultiple);
        return PackedMatrix.Create(
            pool, kernels, checked(t * t * padded), weight.Shape[0], bias, paired: false, (output, column) =>
            {
                var taps = new float[inputs * 9];
                weight.CopyRowTo(output, taps);
                for (int i = 0; i < inputs; i++)
                {
                    Transform<TTransform>(taps.AsSpan(i * 9, 9), column[i..], padded);
                }
            });
    }

    private static void Transform<TTransform>(ReadOnlySpan<float> kernel, Span<float> result, int stride)
        where TTransform : struct, IWinogradTransform
    {
        int t = TTransform.Outputs + 2;
        ReadOnlySpan<double> g = TTransform.Kernel;
        Span<double> rows = stackalloc double[6 * 3];
        for (int i = 0; i < t; i++)
        {
            for (int x = 0; x < 3; x++)
            {
                rows[i * 3 + x] = g[i * 3] * kernel[x] + g[i * 3 + 1] * kernel[3 + x] + g[i * 3 + 2] * kernel[6 + x];
            }
        }

        for (int i = 0; i < t; i++)
        {
            for (int j = 0; j < t; j++)
            {
                result[(i * t + j) * stride] = (float)(
                    g[j * 3] * rows[i * 3] + g[j * 3 + 1] * rows[i * 3 + 1] + g[j * 3 + 2] * rows[i * 3 + 2]);
            }
        }
    }
}
