using System.Runtime.InteropServices;
using PerCo.Engine.Backends.Gpu;
using PerCo.Engine.Backends.Gpu.Cuda;
using Xunit;

namespace PerCo.Engine.Tests.Backends.Gpu.Cuda;

/// <summary>How the driver is called, with one that only keeps count; what a GPU computes is not tested here.</summary>
public sealed unsafe class CudaDeviceTests
{
    private static readonly GpuDeviceInfo Info = new("cuda", 0, "Fake GPU", "CUDA 12.4")
    {
        LargestBuffer = 1L << 32,
    };

    [SkippableFact]
    public void Uploads_of_any_size_arrive_through_the_staging_buffers()
    {
        using var fake = FakeCuda.Build();
        using var device = new CudaDevice(CudaApi.Load([fake.Library]), 0, 70, Info);
        foreach (int bytes in (int[])[1, 1000, (16 << 20) + 1, (50 << 20) + 3])
        {
            var sent = new byte[bytes];
            new Random(bytes).NextBytes(sent);
            using GpuBuffer buffer = device.Allocate(bytes);
            device.Write(buffer, sent);
            var received = new byte[bytes];
            device.Read(buffer, received);
            Assert.True(sent.AsSpan().SequenceEqual(received));
        }
    }

    [SkippableFact]
    public void A_recording_is_one_graph_that_is_launched_again()
    {
        using var fake = FakeCuda.Build();
        using var device = new CudaDevice(CudaApi.Load([fake.Library]), 0, 70, Info);
        using GpuRecording recording = Record(device);
        Assert.IsType<CudaGraph>(recording);
        (int launches, int graphs) = Count(fake);
        recording.Replay();
        recording.Replay();
        Assert.Equal((launches + 6, graphs + 2), Count(fake));
        Assert.Equal(TimeSpan.FromMicroseconds(1500), device.Time(recording));
    }

    [SkippableFact]
    public void A_driver_without_graphs_starts_one_kernel_after_the_other()
    {
        using var fake = FakeCuda.Build("-DWITHOUT_GRAPHS");
        using var device = new CudaDevice(CudaApi.Load([fake.Library]), 0, 70, Info);
        using GpuRecording recording = Record(device);
        Assert.IsType<LaunchList>(recording);
        (int launches, int graphs) = Count(fake);
        recording.Replay();
        Assert.Equal((launches + 3, graphs), Count(fake));
    }

    private static GpuRecording Record(CudaDevice device)
    {
        GpuKernel kernel = device.Load(new GpuProgram("add", GpuPrecision.Fp32)).Kernel("add");
        return device.Record(() =>
        {
            for (int i = 1; i <= 3; i++)
            {
                device.Launch(kernel, new GpuGroups(i), [(GpuBuffer?)null, null, null, i]);
            }
        });
    }

    private static (int Launches, int Graphs) Count(FakeCuda fake)
    {
        nint library = NativeLibrary.Load(fake.Library);
        return (
            ((delegate* unmanaged<int>)NativeLibrary.GetExport(library, "fake_launches"))(),
            ((delegate* unmanaged<int>)NativeLibrary.GetExport(library, "fake_graphs"))());
    }
}
