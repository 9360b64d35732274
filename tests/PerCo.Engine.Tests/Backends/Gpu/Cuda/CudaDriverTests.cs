using PerCo.Engine.Backends;
using PerCo.Engine.Backends.Gpu;
using PerCo.Engine.Backends.Gpu.Cuda;
using Xunit;

namespace PerCo.Engine.Tests.Backends.Gpu.Cuda;

public sealed class CudaDriverTests
{
    [Fact]
    public void A_missing_driver_is_one_line_with_what_to_do()
    {
        var error = Assert.Throws<PerCoException>(() => CudaApi.Load(["no-such-cuda.so.1"]));
        Assert.StartsWith("CUDA: no-such-cuda.so.1 was not found.", error.Message, StringComparison.Ordinal);
        Assert.Contains("or use OpenCL or the CPU", error.Message, StringComparison.Ordinal);
        Assert.Equal([Remedy.OpenCl, Remedy.Cpu], error.Remedies);
        Assert.DoesNotContain('\n', error.Message);
    }

    [SkippableFact]
    public void A_library_without_the_entry_points_is_named_as_such()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "takes Linux's C library for CUDA's");
        var error = Assert.Throws<PerCoException>(() => CudaApi.Load(["libc.so.6"]));
        Assert.Contains("lacks cuInit", error.Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public void Without_a_device_the_name_is_known_and_the_reason_said()
    {
        _ = GpuBackend.Devices(out IReadOnlyList<string> missing);
        string? reason = missing.FirstOrDefault(line => line.StartsWith("cuda", StringComparison.OrdinalIgnoreCase));
        Skip.If(reason is null, "this machine has a CUDA device");
        Assert.Contains("cuda", BackendCatalog.Names);
        var error = Assert.Throws<PerCoException>(() => BackendCatalog.Create("cuda"));
        Assert.Equal(reason, error.Message);
    }

    [Fact]
    public void Old_and_prohibited_devices_are_rejected_with_a_reason()
    {
        Assert.Equal(
            "has compute capability 6.1, expected 7.0 (Volta) or newer; OpenCL may do",
            CudaDriver.Rejection(61, false));
        Assert.Null(CudaDriver.Rejection(70, false));
        Assert.Null(CudaDriver.Rejection(120, false));
        Assert.Contains("prohibited", CudaDriver.Rejection(90, true), StringComparison.Ordinal);
    }

    [Fact]
    public void Kernels_for_tensor_cores_need_their_compute_capability()
    {
        Assert.Null(CudaDevice.Lacks(KernelNeed.Nothing, 70));
        Assert.Equal("needs compute capability 8.0, not 7.5", CudaDevice.Lacks(KernelNeed.TensorCores, 75));
        Assert.All((int[])[80, 89, 90, 120], capability =>
            Assert.Null(CudaDevice.Lacks(KernelNeed.TensorCores, capability)));
        Assert.Null(CudaDevice.Lacks(KernelNeed.WarpGroups, 90));
        Assert.Equal("is for compute capability 9.0, not 10.0", CudaDevice.Lacks(KernelNeed.WarpGroups, 100));
    }

    [Theory]
    [InlineData(69, null)]
    [InlineData(70, "sm_70")]
    [InlineData(75, "sm_70")]
    [InlineData(80, "sm_80")]
    [InlineData(89, "sm_80")]
    [InlineData(90, "sm_90a")]
    [InlineData(100, "sm_80")]
    [InlineData(120, "sm_80")]
    public void The_newest_target_that_runs_is_chosen(int capability, string? expected) =>
        Assert.Equal(expected, PtxFile.Choose(["sm_70", "sm_90a", "sm_80"], capability));
}
