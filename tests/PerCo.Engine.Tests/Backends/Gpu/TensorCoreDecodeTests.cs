using PerCo.Engine.Backends.Cpu;
using PerCo.Engine.Backends.Gpu;
using PerCo.Engine.Codec;
using PerCo.Engine.Imaging;
using PerCo.Engine.Tests.Codec;
using Xunit;

namespace PerCo.Engine.Tests.Backends.Gpu;

/// <summary>
/// A whole decode on the kernels for tensor cores, emulated, with as many compute units as an H100 has: products that
/// are split among groups, and recorded steps.
/// </summary>
[Collection(OpenClCollection.Name)]
public sealed class TensorCoreDecodeTests(OpenClFp16Fixture fixture)
{
    private const int Units = 132;
    private const double LeastPsnr = 40;

    [SkippableTheory]
    [InlineData(true)]
    [InlineData(false)]
    public void Pictures_are_the_CPUs(bool warpGroups)
    {
        Assert.NotNull(fixture.Backend);
        KernelVariant[] mma = [KernelVariants.LinearMma, KernelVariants.Conv2dMma, KernelVariants.AttentionMma];
        KernelVariant[] variants =
            warpGroups ? [.. mma, KernelVariants.LinearWgmma, KernelVariants.Conv2dWgmma] : mma;
        using GpuBackend gpu = Emulated.Open(GpuPrecision.Fp16, Units, variants);
        using var cpu = new CpuBackend();
        using PerCoModel onCpu = PerCoModel.Open(TestPaths.DefaultModel, cpu);
        using PerCoModel onGpu = PerCoModel.Open(TestPaths.DefaultModel, gpu);
        PerCoFile file = new PerCoEncoder(onCpu).Encode(
            TestPictures.Meadow(96, 64), new EncodeOptions { Caption = "a boat on the sea" }).File;
        var options = new DecodeOptions { Steps = 3, Guidance = 2, Seed = 3 };
        Image expected = new PerCoDecoder(onCpu).Decode(file, options).Image;
        Image found = new PerCoDecoder(onGpu).Decode(file, options).Image;
        Assert.InRange(ImageMetrics.Psnr(expected, found), LeastPsnr, double.PositiveInfinity);
    }
}
