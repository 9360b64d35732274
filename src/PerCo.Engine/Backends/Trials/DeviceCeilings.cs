using System.Diagnostics;
using PerCo.Engine.Backends.Cpu;
using PerCo.Engine.Backends.Gpu;

namespace PerCo.Engine.Backends.Trials;

/// <summary>What a device can do at most, measured: what a kernel's speed is compared with.</summary>
/// <param name="GFlops">Billion fp32 operations a second: multiply-adds in registers, without tensor cores.</param>
/// <param name="GBytes">Billion bytes a second: a copy in device memory, bytes read and written.</param>
internal sealed record DeviceCeilings(double GFlops, double GBytes)
{
    private const int Runs = 5;
    private const int CpuCopyBytes = 128 << 20;
    private const long GpuCopyBytes = 512L << 20;
    private const int Chains = 6;

    /// <summary>Measures a backend; null for one that is not made to be fast.</summary>
    public static DeviceCeilings? Measure(Backend backend) => backend switch
    {
        CpuBackend cpu => new(FmaPeak.Measure(cpu.Options.Threads), CopyOnCpu(cpu.Options.Threads)),
        GpuBackend gpu => OnGpu(gpu),
        _ => null,
    };

    private static double CopyOnCpu(int threads)
    {
        byte[] from = new byte[CpuCopyBytes], to = new byte[CpuCopyBytes];
        using var pool = new WorkerPool(threads);
        int part = CpuCopyBytes / threads;
        return 2.0 * part * threads / 1e9 / Fastest(() =>
        {
            long start = Stopwatch.GetTimestamp();
            pool.For(threads, thread =>
                from.AsSpan(thread * part, part).CopyTo(to.AsSpan(thread * part, part)));
            return Stopwatch.GetElapsedTime(start);
        });
    }

    private static DeviceCeilings OnGpu(GpuBackend backend)
    {
        GpuDevice device = backend.Hardware;
        using GpuModule module = device.Load(new GpuProgram("ceiling", GpuPrecision.Fp32));
        int width = device.Info.IsCpu ? 16 : 4;

        // 1. Multiply-adds: enough groups to fill the device several times.
        GpuKernel fma = module.Kernel("fma_peak");
        int groups = Math.Max(1, device.Info.ComputeUnits) * 32, steps = device.Info.IsCpu ? 20_000 : 100_000;
        using GpuBuffer sums = device.Allocate(groups * (long)fma.GroupSize * sizeof(float));
        using GpuRecording work = device.Record(() => device.Launch(
            fma, new GpuGroups(groups), [sums, steps, 0.999f, 0.0001f]));
        double operations = 2.0 * Chains * width * steps * groups * fma.GroupSize;

        // 2. A copy of far more than the caches hold.
        GpuKernel copy = module.Kernel("copy");
        long bytes = Math.Min(GpuCopyBytes, Math.Min(device.Info.LargestBuffer, device.UsableMemory / 4));
        int count = checked((int)(bytes / sizeof(float)) / (copy.GroupSize * width) * (copy.GroupSize * width));
        using GpuBuffer from = device.Allocate(count * (long)sizeof(float));
        using GpuBuffer to = device.Allocate(count * (long)sizeof(float));
        using GpuRecording move = device.Record(() => device.Launch(
            copy, new GpuGroups(count / (copy.GroupSize * width)), [from, to, count]));
        return new DeviceCeilings(
            operations / 1e9 / Fastest(() => device.Time(work)),
            2.0 * count * sizeof(float) / 1e9 / Fastest(() => device.Time(move)));
    }

    // The first run also pays for page faults and compilation.
    private static double Fastest(Func<TimeSpan> run)
    {
        run();
        return Enumerable.Range(0, Runs).Min(_ => run().TotalSeconds);
    }
}
