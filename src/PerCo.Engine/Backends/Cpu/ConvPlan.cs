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
}

/// <summary>
/// Chooses how a convolution is computed, from what is fixed of it alone: a picture's size is not known when weights
/// are prepared, and a choice by timing or by the memory left would give other pixels from run to run.
/// </summary>
/// <remarks>
/// F(4×4) does a quarter of the direct sum's products, but its weights take 4 times the memory. Of a layer with many
/// channels and few positions, reading the weights is what takes the time: there F(2×2), with 16/9 of the memory and
/// 4/9 of the products, is faster. Where memory is short, weights are transformed at every use. Layers with very few
/// outputs are computed directly: see <see cref="ThinConv"/>.
/// </remarks>
internal static class ConvPlan
{
    /// <summary>
    /// Inputs · outputs above which F(2×2) wins over F(4×4) where there are few positions. 1280 → 1280 takes 0.7 of its
    /// time at 8×8, 1.2 at 12×12, 1.6 at 16×16.
    /// </summary>
    private const long MostChannelPairs4 = 1 << 20;

    /// <summary>The algorithm of a layer.</summary>
    /// <param name="spec">The layer.</param>
    /// <param name="strict">Whether all layers are computed directly.</param>
    public static ConvAlgorithm Choose(Conv2dSpec spec, bool strict)
    {
        if (strict || spec is not { KernelHeight: 3, KernelWidth: 3, Stride: 1 } || ThinConv.Suits(spec))
        {
            return ConvAlgorithm.Direct;
        }

        return spec.FewPositions && (long)spec.Inputs * spec.Outputs > MostChannelPairs4 ? ConvAlgorithm.Winograd2
            : ConvAlgorithm.Winograd4;
    }

    /// <summary>Taps of a transformed kernel.</summary>
    public static int Taps(ConvAlgorithm algorithm) => algorithm switch
    {
        ConvAlgorithm.Winograd4 => 36,
        ConvAlgorithm.Winograd2 => 16,
        _ => throw new ArgumentOutOfRangeException(nameof(algorithm), algorithm, "Not transformed."),
    };

    /// <summary>Bytes of a layer's transformed weights; 0 where they are not transformed.</summary>
    public static long TransformedBytes(Conv2dSpec spec, ConvAlgorithm algorithm) => algorithm == ConvAlgorithm.Direct
        ? 0 : checked((long)spec.Inputs * spec.Outputs * Taps(algorithm) * sizeof(float));
}
