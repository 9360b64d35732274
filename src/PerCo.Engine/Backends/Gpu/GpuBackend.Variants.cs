namespace PerCo.Engine.Backends.Gpu;

public sealed partial class GpuBackend
{
    private readonly HashSet<KernelVariant> _trusted = [.. KernelVariants.All.Where(variant => variant.IsPlain)];

    /// <summary>Why this backend cannot use a variant at all; null where it can.</summary>
    internal string? Lacks(KernelVariant variant) =>
        !variant.Computes(Precision) ? $"needs fp16 or bf16, not {Precision.ToString().ToLowerInvariant()}"
        : variant.IsPlain || _emulate ? null
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

    /// <summary>
    /// The kernel of a product on tensor cores (kernels/product_mma.h and product_wgmma.h) and its tiles: 128x128 where
    /// there are enough to fill the device, or a third of it with warp groups, or else 64x64. Null where no variant is
    /// used.
    /// </summary>
    private (string Program, string Kernel, GpuGroups Groups)? TensorTiles(
        KernelVariant warpGroups, KernelVariant tensorCores, int rows, int panels)
    {
        var large = GpuGroups.OfRows((int)DivideUp(panels, 2), (int)DivideUp(rows, 2 * TileRows));
        long tiles = (long)large.X * large.Y * large.Z;
        bool fills = tiles >= _device.Info.ComputeUnits;

        // By arithmetic, kernels/LOG.md: a warp group's tile takes a third to a half of the time that its four small
        // ones take on one multiprocessor.
        if (Uses(warpGroups) && (3 * tiles >= _device.Info.ComputeUnits || !Uses(tensorCores)))
        {
            return (warpGroups.Name, warpGroups.Name, large);
        }

        return !Uses(tensorCores) ? null
            : fills ? (tensorCores.Name, tensorCores.Name, large)
            : (tensorCores.Name, $"{tensorCores.Name}_small",
                GpuGroups.OfRows(panels, (int)DivideUp(rows, TileRows)));
    }
}
