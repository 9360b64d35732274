using System.Runtime.Intrinsics;
using PerCo.Engine.Backends.Cpu.Gemm;
using PerCo.Engine.Tensors.Ops;

namespace PerCo.Engine.Backends.Cpu;

/// <summary>How a convolution is computed.</summary>
internal enum ConvAlgorithm
{
    /// <summary>The sum as it is written, as a matrix product.</summary>
    Direct,

    /// <summary>Winograd's F(2×2, 3×3).</summary>
    Winograd2,

    /// <summary>Winograd's F(4×4, 3×3).</summary>
    Winograd4,

    /// <summary>F(4×4, 3×3) with kernels that are transformed in registers, as often as they are used.</summary>
    Winograd4Fused,

    /// <summary>
    /// F(4×4, 2×2) for each phase of an input that is up-sampled to twice its size; another input by F(4×4, 3×3).
    /// </summary>
    WinogradUp,
}

/// <summary>
/// Chooses how a convolution is computed, from what is fixed of it alone: a picture's size is not known when weights
/// are prepared, and a choice by timing or by the memory left would give other pixels from run to run.
/// </summary>
/// <remarks>
/// F(4×4) does a quarter of the direct sum's products, but its weights take 4 times the memory. Of a layer with many
/// channels and few positions, reading the weights is what takes the time: there AVX-512, whose registers hold the sums
/// of four tiles, reads the kernels as they are, and others F(2×2)'s, with 16/9 of the memory and 4/9 of the products.
/// Layers that double a picture are computed on the picture as it is. Where memory is short, weights are transformed at
/// every use. Layers with very few outputs are computed directly: see <see cref="ThinConv"/>.
/// </remarks>
internal static class ConvPlan
{
    /// <summary>
    /// Inputs · outputs above which reading F(4×4)'s weights takes too long where there are few positions. With F(2×2)
    /// 1280 → 1280 takes 0.7 of F(4×4)'s time at 8×8, 1.2 at 12×12, 1.6 at 16×16; fused 0.85 of F(2×2)'s at 8×8.
    /// </summary>
    private const long MostChannelPairs4 = 1 << 20;

    /// <summary>The algorithm of a layer.</summary>
    /// <param name="spec">The layer.</param>
    /// <param name="strict">Whether all layers are computed directly.</param>
    /// <param name="lanes">Floats in a vector.</param>
    public static ConvAlgorithm Choose(Conv2dSpec spec, bool strict, int lanes)
    {
        if (strict || spec is not { KernelHeight: 3, KernelWidth: 3, Stride: 1 } || ThinConv.Suits(spec))
        {
            return ConvAlgorithm.Direct;
        }

        if (spec.Doubles)
        {
            return ConvAlgorithm.WinogradUp;
        }

        if (!spec.FewPositions || (long)spec.Inputs * spec.Outputs <= MostChannelPairs4)
        {
            return ConvAlgorithm.Winograd4;
        }

        return lanes == Vector512<float>.Count ? ConvAlgorithm.Winograd4Fused : ConvAlgorithm.Winograd2;
    }

    /// <summary>What a layer takes for an input that it does not double.</summary>
    public static ConvAlgorithm WithoutDoubling(ConvAlgorithm algorithm) =>
        algorithm == ConvAlgorithm.WinogradUp ? ConvAlgorithm.Winograd4 : algorithm;

    /// <summary>Taps of a transformed kernel.</summary>
    public static int Taps(ConvAlgorithm algorithm) => algorithm switch
    {
        ConvAlgorithm.Winograd4 => 36,
        ConvAlgorithm.Winograd2 => 16,
        ConvAlgorithm.WinogradUp => 25,
        _ => throw new ArgumentOutOfRangeException(nameof(algorithm), algorithm, "Not transformed."),
    };

    /// <summary>Bytes of a layer's transformed weights; 0 where they are not transformed.</summary>
    public static long TransformedBytes(Conv2dSpec spec, ConvAlgorithm algorithm) =>
        algorithm is ConvAlgorithm.Direct or ConvAlgorithm.Winograd4Fused or ConvAlgorithm.WinogradUp
            ? 0 : checked((long)spec.Inputs * spec.Outputs * Taps(algorithm) * sizeof(float));
}
