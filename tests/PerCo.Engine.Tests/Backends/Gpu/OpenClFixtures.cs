using PerCo.Engine.Backends.Gpu;
using Xunit;

namespace PerCo.Engine.Tests.Backends.Gpu;

/// <summary>
/// All tests on OpenCL share two backends, one a precision, and run one after the other: PoCL takes up to half a second
/// for the first launch of a kernel, and computes on all processors anyway.
/// </summary>
[CollectionDefinition(Name)]
public sealed class OpenClCollection : ICollectionFixture<OpenClFp32Fixture>, ICollectionFixture<OpenClFp16Fixture>
{
    public const string Name = "OpenCL";
}

/// <summary>The first OpenCL device (PoCL where there is no GPU), everything in fp32.</summary>
public sealed class OpenClFp32Fixture()
    : BackendFixture(() => GpuBackend.Open("opencl", null, new GpuOptions { Precision = GpuPrecision.Fp32, Check = false }))
{
    /// <summary>Statistics and scores are sums in fp32, where the CPU backend takes them in double precision.</summary>
    public override Tolerance Adapt(Tolerance tolerance) => tolerance.Times(10);
}

/// <summary>The first OpenCL device, weights and activations in fp16.</summary>
public sealed class OpenClFp16Fixture()
    : BackendFixture(() => GpuBackend.Open("opencl", null, new GpuOptions { Precision = GpuPrecision.Fp16, Check = false }))
{
    /// <inheritdoc/>
    public override bool IsHalf => true;

    /// <summary>
    /// Rounding to 11 bits: 2e-4 of a value on average for weights and again for results, 5e-4 at most, which a result
    /// that is many times the average shows in full.
    /// </summary>
    public override Tolerance Adapt(Tolerance tolerance) =>
        new(Math.Max(tolerance.Normalised, 1e-3), Math.Max(tolerance.Worst, 2e-2));
}
