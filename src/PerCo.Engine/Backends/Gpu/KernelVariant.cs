namespace PerCo.Engine.Backends.Gpu;

/// <summary>What a device must have for a kernel.</summary>
internal enum KernelNeed
{
    /// <summary>Nothing: the plain kernel of an op, which every device runs and others fall back to.</summary>
    Nothing,

    /// <summary>mma.sync, ldmatrix and cp.async: CUDA devices of compute capability 8.0 and newer.</summary>
    TensorCores,

    /// <summary>wgmma and the bulk tensor copy engine: CUDA devices of compute capability 9.0, no other.</summary>
    WarpGroups,
}

/// <summary>One of the ways to compute an op.</summary>
/// <param name="Op">The op, as the stem of its launcher's file: Conv2d.</param>
/// <param name="Name">The program of <c>kernels/</c> that computes it: conv2d_mma.</param>
/// <param name="Need">What a device must have for it.</param>
/// <param name="Takes">Which operands it takes; for others the op's next variant is used.</param>
internal sealed record KernelVariant(string Op, string Name, KernelNeed Need, string Takes)
{
    /// <summary>
    /// Whether the host's processor can run it too, slowly: what it lacks stands behind a header with an emulation.
    /// </summary>
    public bool IsEmulated { get; init; } = true;

    /// <summary>Whether it is the variant that takes everything everywhere.</summary>
    public bool IsPlain => Need == KernelNeed.Nothing;

    /// <summary>Whether it computes on that storage: tensor cores multiply 16-bit numbers.</summary>
    public bool Computes(GpuPrecision precision) => IsPlain || precision is GpuPrecision.Fp16 or GpuPrecision.Bf16;

    /// <inheritdoc/>
    public override string ToString() => $"{Op}: {Name}";
}
