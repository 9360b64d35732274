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
/// Chooses how a convolution is computed, from its channels alone: a picture's size is not known when weights are
/// prepared, and a choice by timing would give other pixels from run to run.
/// </summary>
/// <remarks>
/// F(4×4) does a quarter of the direct sum's products, but its weights take 4 times the memory. In these networks many
/// channels mean few pixels, where reading the weights is what takes the time: there F(2×2), with 16/9 of the memory and
/// 4/9 of the products, is faster.
/// </remarks>
internal static class ConvPlan
{
    /// <summary>Inputs · outputs above which F(2×2) wins over F(4×4): 1280 channels at 16×16 pixels and less.</summary>
    private const long MostChannelPairs4 = 1 << 20;

    /// <summary>The algorithm of a layer.</summary>
    public static ConvAlgorithm Choose(Conv2dSpec spec, CpuOptions options)
    {
        if (options.Strict || spec is not { KernelHeight: 3, KernelWidth: 3, Stride: 1 })
        {
            return ConvAlgorithm.Direct;
        }

        return (long)spec.Inputs * spec.Outputs <= MostChannelPairs4 ? ConvAlgorithm.Winograd4 : ConvAlgorithm.Winograd2;
    }
}
