namespace PerCo.Engine.Backends.Gpu;

/// <summary>All kernel variants, of an op the fastest first. Other ops have a plain kernel only.</summary>
internal static class KernelVariants
{
    private const string All16 = "fp16 and bf16, ";
    private const string Tiles = "where tiles of 128x128 to 128x256 take less time by estimate than those of ";

    public static readonly KernelVariant LinearWgmma = new(
        "Linear", "linear_wgmma", KernelNeed.WarpGroups,
        All16 + Tiles + "linear_mma");

    public static readonly KernelVariant LinearMma = new(
        "Linear", "linear_mma", KernelNeed.TensorCores, All16 + "more than 4 rows");

    public static readonly KernelVariant LinearPlain = new("Linear", "linear", KernelNeed.Nothing, "everything");

    public static readonly KernelVariant Conv2dWgmma = new(
        "Conv2d", "conv2d_wgmma", KernelNeed.WarpGroups,
        All16 + "sides below 32000, " + Tiles + "conv2d_mma");

    public static readonly KernelVariant Conv2dMma = new(
        "Conv2d", "conv2d_mma", KernelNeed.TensorCores, All16 + "sides below 32000");

    public static readonly KernelVariant Conv2dPlain = new("Conv2d", "conv2d", KernelNeed.Nothing, "everything");

    public static readonly KernelVariant AttentionWgmma = new(
        "Attention", "attention_wgmma", KernelNeed.WarpGroups,
        All16 + "heads of up to 64 channels, more than 128 keys, no causal mask, strides of whole vectors")
    {
        IsEmulated = false,
    };

    public static readonly KernelVariant AttentionMma = new(
        "Attention", "attention_mma", KernelNeed.TensorCores, All16 + "heads of up to 128 channels");

    public static readonly KernelVariant AttentionPlain = new(
        "Attention", "attention", KernelNeed.Nothing, "everything");

    /// <summary>All of them.</summary>
    public static IReadOnlyList<KernelVariant> All { get; } =
    [
        LinearWgmma, LinearMma, LinearPlain, Conv2dWgmma, Conv2dMma, Conv2dPlain, AttentionWgmma, AttentionMma,
        AttentionPlain,
    ];
}
