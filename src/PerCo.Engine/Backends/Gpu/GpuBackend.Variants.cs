namespace PerCo.Engine.Backends.Gpu;

public sealed partial class GpuBackend
{
    private readonly HashSet<KernelVariant> _trusted = [.. KernelVariants.All.Where(variant => variant.IsPlain)];

    /// <summary>Why this backend cannot use a variant at all; null where it can.</summary>
    internal string? Lacks(KernelVariant variant) =>
        !variant.Computes(Precision) ? $"needs fp16 or bf16, not {Precision.ToString().ToLowerInvariant()}"
        : variant.IsPlain || (_emulate && variant.IsEmulated) ? null
        : _device.Lacks(variant.Need);

    /// <summary>Whether a variant is used where it takes the operands.</summary>
    internal bool Uses(KernelVariant variant) => _trusted.Contains(variant);

    /// <summary>
    /// Uses a variant from now on, because it has passed its check on this device. Variants other than the plain ones
    /// are not used before.
    /// </summary>
    internal void Trust(KernelVariant variant)
    {
        if (Lacks(variant) is { } reason)
        {
            throw new InvalidOperationException($"{variant} on {Name}: {reason}.");
        }

        _trusted.Add(variant);
    }

    /// <summary>No longer uses a variant; the op falls back to its next one. Plain variants stay.</summary>
    internal void Exclude(KernelVariant variant)
    {
        if (!variant.IsPlain)
        {
            _trusted.Remove(variant);
        }
    }
}
