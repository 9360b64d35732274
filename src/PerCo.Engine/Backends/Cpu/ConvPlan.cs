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
/// Chooses how a convolution is computed, from its channels and the memory left: a picture's size is not known when
/// weights are prepared, and a choice by timing would give other pixels from run to run.
/// </summary>
/// <remarks>
/// F(4×4) does a quarter of the direct sum's products, but its weights take 4 times the memory. In these networks many
/// channels mean few pixels, where reading the weights is what takes the time: there F(2×2), with 16/9 of the memory
/// and 4/9 of the products, is faster.
/// </remarks>
internal static class ConvPlan
{
    /// <summary>Inputs · outputs above which F(2×2) wins over F(4×4): 1280 channels at 16×16 pixels and less.</summary>
    private const long MostChannelPairs4 = 1 << 20;

    /// <summary>The algorithm of a layer.</summary>
    /// <param name="spec">The layer.</param>
    /// <param name="strict">Whether all layers are computed directly.</param>
    /// <param name="memory">Bytes that transformed weights may take.</param>
    public static ConvAlgorithm Choose(Conv2dSpec spec, bool strict, long memory)
    {
        if (strict || spec is not { KernelHeight: 3, KernelWidth: 3, Stride: 1 })
        {
            return ConvAlgorithm.Direct;
        }

        long pairs = (long)spec.Inputs * spec.Outputs;
        if (pairs <= MostChannelPairs4 && TransformedBytes(spec, ConvAlgorithm.Winograd4) <= memory)
        {
            return ConvAlgorithm.Winograd4;
        }

        return TransformedBytes(spec, ConvAlgorithm.Winograd2) <= memory ? ConvAlgorithm.Winograd2
            : ConvAlgorithm.Direct;
    }

    /// <summary>Bytes of a layer's transformed weights; 0 where they are not transformed.</summary>
    public static long TransformedBytes(Conv2dSpec spec, ConvAlgorithm algorithm)
    {
        int taps = algorithm switch
        {
            ConvAlgorithm.Winograd4 => 36,
            ConvAlgorithm.Winograd2 => 16,
            _ => 0,
        };
        return checked((long)spec.Inputs * spec.Outputs * taps * sizeof(float));
    }
}
