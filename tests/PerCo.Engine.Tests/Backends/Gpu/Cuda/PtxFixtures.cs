using PerCo.Engine.Backends;
using PerCo.Engine.Backends.Gpu;
using PerCo.Engine.Tests.Backends.Gpu.Cuda.Machine;
using Xunit;

namespace PerCo.Engine.Tests.Backends.Gpu.Cuda;

/// <summary>Tests of the committed PTX, executed on the processor through the CUDA driver's calls.</summary>
[CollectionDefinition(Name)]
public sealed class PtxCollection
    : ICollectionFixture<PtxFp32Fixture>, ICollectionFixture<PtxFp16Fixture>, ICollectionFixture<PtxBf16Fixture>,
        ICollectionFixture<PtxMmaFixture>, ICollectionFixture<PtxWgmmaFixture>
{
    public const string Name = "PTX";
}

/// <summary>Compute capability 7.0, everything in fp32.</summary>
public sealed class PtxFp32Fixture() : PtxFixture(70, GpuPrecision.Fp32);

/// <summary>Compute capability 7.0, weights and activations in fp16.</summary>
public sealed class PtxFp16Fixture() : PtxFixture(70, GpuPrecision.Fp16);

/// <summary>Compute capability 7.0, weights and activations in bf16.</summary>
public sealed class PtxBf16Fixture() : PtxFixture(70, GpuPrecision.Bf16);

/// <summary>Compute capability 8.0 with mma.sync in bf16.</summary>
public sealed class PtxMmaFixture() : PtxFixture(
    80, GpuPrecision.Bf16, KernelVariants.LinearMma, KernelVariants.Conv2dMma, KernelVariants.AttentionMma);

/// <summary>Compute capability 9.0 with wgmma in fp16.</summary>
public sealed class PtxWgmmaFixture() : PtxFixture(
    90, GpuPrecision.Fp16, KernelVariants.LinearWgmma, KernelVariants.Conv2dWgmma, KernelVariants.AttentionWgmma,
    KernelVariants.AttentionMma);

/// <summary>A backend on the CUDA driver of a <see cref="CudaMachine"/>.</summary>
public abstract class PtxFixture : BackendFixture
{
    private readonly GpuPrecision _precision;

    private protected PtxFixture(int capability, GpuPrecision precision, params KernelVariant[] trusted)
        : base(() => Open(capability, precision, trusted)) => _precision = precision;

    /// <inheritdoc/>
    public override Func<float, float>? Stored => value => Rounded(value, _precision);

    /// <inheritdoc/>
    public override Tolerance Adapt(Tolerance tolerance) => tolerance.On(_precision);

    private static Backend Open(int capability, GpuPrecision precision, KernelVariant[] trusted)
    {
        GpuBackend backend = new CudaMachine(new PtxDevice()).Open(
            capability, new GpuOptions { Precision = precision, Check = false });
        foreach (KernelVariant variant in trusted)
        {
            backend.Trust(variant);
        }

        return backend;
    }
}
