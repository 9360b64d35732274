using PerCo.Engine.Backends;
using PerCo.Engine.Backends.Gpu;
using Xunit;

namespace PerCo.Engine.Tests.Backends.Gpu;

/// <summary>
/// All tests on OpenCL share their backends and run one after the other: PoCL takes up to half a second for the first
/// launch of a kernel, and computes on all processors anyway.
/// </summary>
[CollectionDefinition(Name)]
public sealed class OpenClCollection
    : ICollectionFixture<OpenClFp32Fixture>, ICollectionFixture<OpenClFp16Fixture>,
        ICollectionFixture<OpenClBf16Fixture>, ICollectionFixture<MmaFp16Fixture>,
        ICollectionFixture<MmaBf16Fixture>, ICollectionFixture<WgmmaFp16Fixture>,
        ICollectionFixture<WgmmaBf16Fixture>
{
    public const string Name = "OpenCL";
}

/// <summary>The first OpenCL device (PoCL where there is no GPU), everything in fp32.</summary>
public sealed class OpenClFp32Fixture()
    : BackendFixture(() => GpuBackend.Open(
        "opencl", null, new GpuOptions { Precision = GpuPrecision.Fp32, Check = false }))
{
    /// <inheritdoc/>
    public override Tolerance Adapt(Tolerance tolerance) => tolerance.On(GpuPrecision.Fp32);
}

/// <summary>The first OpenCL device, weights and activations in fp16.</summary>
public class OpenClFp16Fixture : BackendFixture
{
    public OpenClFp16Fixture()
        : this(() => GpuBackend.Open(
            "opencl", null, new GpuOptions { Precision = GpuPrecision.Fp16, Check = false }))
    {
    }

    protected OpenClFp16Fixture(Func<Backend> create)
        : base(create)
    {
    }

    /// <inheritdoc/>
    public override Func<float, float> Stored => value => Rounded(value, GpuPrecision.Fp16);

    /// <inheritdoc/>
    public override Tolerance Adapt(Tolerance tolerance) => tolerance.On(GpuPrecision.Fp16);
}

/// <summary>The first OpenCL device, weights and activations in bf16.</summary>
public class OpenClBf16Fixture : BackendFixture
{
    public OpenClBf16Fixture()
        : this(() => GpuBackend.Open(
            "opencl", null, new GpuOptions { Precision = GpuPrecision.Bf16, Check = false }))
    {
    }

    protected OpenClBf16Fixture(Func<Backend> create)
        : base(create)
    {
    }

    /// <inheritdoc/>
    public override Func<float, float> Stored => value => Rounded(value, GpuPrecision.Bf16);

    /// <inheritdoc/>
    public override Tolerance Adapt(Tolerance tolerance) => tolerance.On(GpuPrecision.Bf16);
}

/// <summary>Kernels for tensor cores, by emulation where the first OpenCL device is the host's processor.</summary>
internal static class Emulated
{
    // A product's tiles, and with them the kernels that a test meets, are the same on every machine.
    private const int ComputeUnits = 2;

    public static GpuBackend Open(GpuPrecision precision, params KernelVariant[] variants) =>
        Open(precision, ComputeUnits, variants);

    public static GpuBackend Open(GpuPrecision precision, int computeUnits, params KernelVariant[] variants)
    {
        var options = new GpuOptions
        {
            Precision = precision,
            EmulateTensorCores = true,
            Check = false,
            ComputeUnits = computeUnits,
        };
        var backend = GpuBackend.Open("opencl", null, options);
        foreach (KernelVariant variant in variants)
        {
            if (backend.Lacks(variant) is { } reason)
            {
                backend.Dispose();
                throw new PerCoException($"{variant} is emulated on processors only: {reason}");
            }

            backend.Trust(variant);
        }

        return backend;
    }
}

/// <summary>mma.sync in fp16, emulated.</summary>
public sealed class MmaFp16Fixture() : OpenClFp16Fixture(() => Emulated.Open(
    GpuPrecision.Fp16, KernelVariants.LinearMma, KernelVariants.Conv2dMma, KernelVariants.AttentionMma));

/// <summary>mma.sync in bf16, emulated.</summary>
public sealed class MmaBf16Fixture() : OpenClBf16Fixture(() => Emulated.Open(
    GpuPrecision.Bf16, KernelVariants.LinearMma, KernelVariants.Conv2dMma, KernelVariants.AttentionMma));

/// <summary>wgmma in fp16, emulated.</summary>
public sealed class WgmmaFp16Fixture() : OpenClFp16Fixture(() => Emulated.Open(
    GpuPrecision.Fp16, KernelVariants.LinearWgmma, KernelVariants.Conv2dWgmma));

/// <summary>wgmma in bf16, emulated.</summary>
public sealed class WgmmaBf16Fixture() : OpenClBf16Fixture(() => Emulated.Open(
    GpuPrecision.Bf16, KernelVariants.LinearWgmma, KernelVariants.Conv2dWgmma));
