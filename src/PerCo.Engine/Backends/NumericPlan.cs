namespace PerCo.Engine.Backends;

/// <summary>How exactly a backend computes: what bounds its differences from the reference implementations.</summary>
public enum NumericPlan
{
    /// <summary>fp32 throughout, convolutions and products computed directly.</summary>
    Fp32Direct,

    /// <summary>
    /// fp32 throughout, convolutions by Winograd's algorithm and products by Strassen's where that is faster.
    /// </summary>
    Fp32Winograd,

    /// <summary>fp16 weights, fp32 activations and arithmetic.</summary>
    Fp16Weights,

    /// <summary>int8 weights with a factor for each output channel, fp32 activations and arithmetic.</summary>
    Int8Weights,

    /// <summary>fp16 weights and activations, fp32 sums, norms and softmax.</summary>
    Fp16,

    /// <summary>bf16 weights and activations, fp32 sums, norms and softmax.</summary>
    Bf16,
}
