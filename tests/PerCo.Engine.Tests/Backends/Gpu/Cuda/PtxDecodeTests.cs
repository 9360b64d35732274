using PerCo.Engine.Backends.Cpu;
using PerCo.Engine.Backends.Gpu;
using PerCo.Engine.Codec;
using PerCo.Engine.Imaging;
using PerCo.Engine.Tests.Backends.Gpu.Cuda.Machine;
using PerCo.Engine.Tests.Codec;
using Xunit;

namespace PerCo.Engine.Tests.Backends.Gpu.Cuda;

/// <summary>
/// The CUDA backend from end to end, without a GPU: a device is checked, a picture encoded and decoded by the committed
/// PTX, with the driver's streams and graphs, as late and in as odd an order as they may.
/// </summary>
[Collection(PtxCollection.Name)]
public sealed class PtxDecodeTests
{
    private const int Units = 132;

    [Theory]
    [InlineData(70, GpuPrecision.Fp32, 60, "conv2d")]
    [InlineData(120, GpuPrecision.Fp16, 40, "conv2d_mma_small")]
    [InlineData(80, GpuPrecision.Bf16, 30, "conv2d_mma_small")]
    [InlineData(90, GpuPrecision.Fp16, 40, "conv2d_wgmma")]
    public void Pictures_are_the_CPUs(int capability, GpuPrecision precision, double leastPsnr, string kernel)
    {
        // Races are looked for op by op.
        using var machine = new CudaMachine(new PtxDevice { DetectRaces = false });
        using GpuBackend gpu = machine.Open(
            capability, new GpuOptions { Precision = precision, Check = false, ComputeUnits = Units });
        foreach (KernelVariant variant in KernelVariants.All.Where(variant => gpu.Lacks(variant) is null))
        {
            gpu.Trust(variant);
        }

        // Products this small are better off in small tiles; here warp groups are to be seen at work.
        gpu.TilingChoice = estimates => estimates
            .OrderByDescending(one => one.Tiling.Kernel.Contains("wgmma", StringComparison.Ordinal))
            .ThenBy(one => one.Nanoseconds).First().Tiling;
        using var cpu = new CpuBackend();
        using PerCoModel onCpu = PerCoModel.Open(TestPaths.DefaultModel, cpu);
        using PerCoModel onGpu = PerCoModel.Open(TestPaths.DefaultModel, gpu);
        Image picture = TestPictures.Meadow(48, 32);
        var words = new EncodeOptions { Caption = "a boat on the sea" };
        byte[] expectedFile = new PerCoEncoder(onCpu).Encode(picture, words).File.ToBytes();
        PerCoFile file = PerCoFile.Parse(expectedFile);
        var options = new DecodeOptions { Steps = 2, Guidance = 2, Seed = 3 };
        Image expected = new PerCoDecoder(onCpu).Decode(file, options).Image;
        Image found = new PerCoDecoder(onGpu).Decode(file, options).Image;
        Assert.InRange(ImageMetrics.Psnr(expected, found), leastPsnr, double.PositiveInfinity);
        Assert.Equal(1, machine.Replays);
        Assert.True(machine.Device.Launches.ContainsKey(kernel));
        byte[] foundFile = new PerCoEncoder(onGpu).Encode(picture, words).File.ToBytes();

        // In bf16 a few vectors are as near to another code.
        Assert.True(precision == GpuPrecision.Bf16
            ? foundFile.Length == expectedFile.Length : foundFile.SequenceEqual(expectedFile));
    }

    [Fact]
    public void A_device_of_warp_groups_passes_its_check()
    {
        using var machine = new CudaMachine(new PtxDevice { DetectRaces = false });
        var notices = new List<string>();
        using GpuBackend backend = machine.Open(
            90, new GpuOptions { Precision = GpuPrecision.Fp16, Cache = false, Notice = notices.Add });
        Assert.Contains("checking its kernels, once", Assert.Single(notices), StringComparison.Ordinal);
        Assert.Null(machine.Fault);
    }

    [Fact]
    public void Every_way_to_cut_a_product_gives_its_result()
    {
        using var machine = new CudaMachine(new PtxDevice());
        using GpuBackend backend = machine.Open(
            90, new GpuOptions { Precision = GpuPrecision.Fp16, Check = false, ComputeUnits = 7 });
        backend.Trust(KernelVariants.LinearMma);
        backend.Trust(KernelVariants.LinearWgmma);
        ProductTests.CheckEveryWay(backend);
    }
}
