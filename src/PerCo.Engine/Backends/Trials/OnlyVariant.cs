using PerCo.Engine.Backends.Gpu;

namespace PerCo.Engine.Backends.Trials;

/// <summary>Makes a backend use one variant for its op, and afterwards those that it used before.</summary>
internal sealed class OnlyVariant : IDisposable
{
    private readonly GpuBackend _backend;
    private readonly KernelVariant[] _before;
    private readonly KernelVariant[] _all;

    public OnlyVariant(GpuBackend backend, KernelVariant variant)
    {
        _backend = backend;
        _all = [.. KernelVariants.All.Where(v => v.Op == variant.Op)];
        _before = [.. _all.Where(backend.Uses)];
        Use([variant]);
    }

    public void Dispose() => Use(_before);

    private void Use(KernelVariant[] variants)
    {
        foreach (KernelVariant variant in _all)
        {
            _backend.Exclude(variant);
        }

        foreach (KernelVariant variant in variants)
        {
            _backend.Trust(variant);
        }
    }
}
