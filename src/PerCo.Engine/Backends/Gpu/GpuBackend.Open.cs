using PerCo.Engine.Backends.Gpu.Trust;

namespace PerCo.Engine.Backends.Gpu;

public sealed partial class GpuBackend
{
    /// <summary>The devices of all drivers; a driver that is missing is left out, and says why.</summary>
    /// <param name="missing">Receives one line for each driver that cannot be used.</param>
    public static IReadOnlyList<GpuDeviceInfo> Devices(out IReadOnlyList<string> missing)
    {
        var devices = new List<GpuDeviceInfo>();
        var reasons = new List<string>();
        foreach (IGpuDriver driver in GpuDrivers.All)
        {
            try
            {
                IReadOnlyList<GpuDeviceInfo> found = driver.Enumerate();
                devices.AddRange(found);
                if (found.Count == 0)
                {
                    reasons.Add(NoDevice(driver.Name));
                }
            }
            catch (PerCoException error)
            {
                reasons.Add(error.Message);
            }
        }

        missing = reasons;
        return devices;
    }

    /// <summary>
    /// Opens a device. At its first use with a driver its kernels are built and checked, which takes some seconds;
    /// faster kernels that fail are not used.
    /// </summary>
    /// <param name="driver">"opencl" or "cuda".</param>
    /// <param name="index">Position in the driver's list; null for its first GPU, or else its first device.</param>
    /// <param name="options">Precision, and who is told what.</param>
    /// <exception cref="PerCoException">
    /// Driver or device are missing, cannot be used, or compute wrong results; says why.
    /// </exception>
    public static GpuBackend Open(string driver, int? index = null, GpuOptions? options = null)
    {
        IGpuDriver found = GpuDrivers.All.FirstOrDefault(d => d.Name == driver)
            ?? throw new ArgumentException($"There is no driver '{driver}'.", nameof(driver));
        return Open(found, Choose(found, index), options ?? new GpuOptions());
    }

    /// <summary>Opens a device of a driver.</summary>
    internal static GpuBackend Open(IGpuDriver driver, GpuDeviceInfo info, GpuOptions options)
    {
        if (!Enum.IsDefined(options.Precision))
        {
            throw new ArgumentOutOfRangeException(nameof(options), options.Precision, "Unknown precision.");
        }

        var backend = new GpuBackend(driver.Open(info), options);
        try
        {
            if (options.Check)
            {
                DeviceTrust.Establish(
                    backend, options.Cache ? new VerdictCache(info, backend.Precision) : null, options.Notice,
                    options.Patience);
            }

            return backend;
        }
        catch
        {
            backend.Dispose();
            throw;
        }
    }

    /// <summary>The device of an index, or a driver's best.</summary>
    internal static GpuDeviceInfo Choose(IGpuDriver driver, int? index)
    {
        IReadOnlyList<GpuDeviceInfo> devices = driver.Enumerate();
        GpuDeviceInfo? info = index is { } wanted
            ? devices.FirstOrDefault(device => device.Index == wanted)
            : devices.OrderBy(device => device.Rejection is null ? 0 : 1).ThenBy(device => device.IsCpu ? 1 : 0)
                .FirstOrDefault();
        return info ?? throw (devices.Count == 0
            ? new PerCoException(NoDevice(driver.Name)) { Remedies = [Remedy.Cpu] }
            : new PerCoException(
                $"There is no device '{driver.Name}:{index}', expected {driver.Name}:0 to {driver.Name}:"
                + $"{devices.Count - 1}; see percoengine devices."));
    }

    private static string NoDevice(string driver) =>
        $"{driver}: no device was found. Install your graphics driver's {driver} support, or use the CPU.";
}
