using PerCo.Engine.Backends.Cpu;
using PerCo.Engine.Backends.Gpu;

namespace PerCo.Engine.Backends;

/// <summary>
/// The best device of this machine: the first GPU that works, through CUDA or else OpenCL, or the CPU. Why no GPU is
/// used is said in one line.
/// </summary>
internal static class AutomaticDevice
{
    // Without one of these Linux has no GPU, and an OpenCL loader need not be woken up: PoCL takes a fifth of a second.
    private static readonly string[] Nodes = ["/dev/dri", "/dev/nvidiactl", "/dev/kfd", "/dev/dxg", "/dev/mali0"];

    /// <summary>Opens it.</summary>
    public static Backend Create(CpuOptions cpu, GpuOptions gpu)
    {
        IGpuDriver[] drivers = MayHaveGpu() ? [GpuDrivers.Cuda, GpuDrivers.OpenCl] : [GpuDrivers.Cuda];
        return Create(cpu, gpu, drivers);
    }

    /// <summary>The same with given drivers, the preferred first.</summary>
    internal static Backend Create(CpuOptions cpu, GpuOptions gpu, IReadOnlyList<IGpuDriver> drivers)
    {
        if (cpu.Strict)
        {
            return new CpuBackend(cpu); // Equal pixels are promised between CPUs.
        }

        var reasons = new List<string>();
        foreach (IGpuDriver driver in drivers)
        {
            if (FirstThatWorks(driver, gpu, reasons) is { } backend)
            {
                return backend;
            }
        }

        gpu.Notice?.Invoke($"No GPU is used, the CPU computes ({string.Join("; ", reasons.Select(FirstSentence))}).");
        return new CpuBackend(cpu);
    }

    private static GpuBackend? FirstThatWorks(IGpuDriver driver, GpuOptions options, List<string> reasons)
    {
        IReadOnlyList<GpuDeviceInfo> devices;
        try
        {
            devices = [.. driver.Enumerate().Where(device => !device.IsCpu)];
        }
        catch (PerCoException error)
        {
            reasons.Add(error.Message);
            return null;
        }

        if (devices.Count == 0)
        {
            reasons.Add($"{driver.Name}: no GPU was found.");
        }

        foreach (GpuDeviceInfo device in devices)
        {
            if (device.Rejection is { } rejection)
            {
                reasons.Add($"{device.Selector}: {device.Name} {rejection}.");
                continue;
            }

            try
            {
                return GpuBackend.Open(driver, device, options);
            }
            catch (PerCoException error)
            {
                reasons.Add(error.Message);
            }
        }

        return null;
    }

    private static bool MayHaveGpu() => !OperatingSystem.IsLinux() || Nodes.Any(Path.Exists);

    private static string FirstSentence(string text)
    {
        string line = text.ReplaceLineEndings(" ");
        int end = line.IndexOf(". ", StringComparison.Ordinal);
        return (end < 0 ? line : line[..end]).TrimEnd('.');
    }
}
