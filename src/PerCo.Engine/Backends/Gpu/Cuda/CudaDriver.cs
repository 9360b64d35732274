using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;

namespace PerCo.Engine.Backends.Gpu.Cuda;

/// <summary>
/// Devices of NVIDIA's driver. Not yet run on hardware: tests have a driver in its place that executes the PTX.
/// </summary>
internal sealed unsafe class CudaDriver : IGpuDriver
{
    /// <summary>What the oldest PTX is for: Volta.</summary>
    public const int OldestCapability = 70;

    private const int NoDevice = 100;
    private const int SharedMemoryPerBlock = 8;
    private const int MultiprocessorCount = 16;
    private const int ComputeMode = 20;
    private const int CapabilityMajor = 75;
    private const int CapabilityMinor = 76;
    private const int Prohibited = 2;

    // Loaded once: unloading a driver that has started threads is not safe.
    private readonly Lazy<CudaApi> _api;

    /// <summary>The system's driver.</summary>
    public CudaDriver()
        : this(CudaApi.Load)
    {
    }

    /// <summary>Any that has its entry points.</summary>
    internal CudaDriver(Func<CudaApi> load) => _api = new Lazy<CudaApi>(load);

    /// <inheritdoc/>
    public string Name => "cuda";

    /// <inheritdoc/>
    public IReadOnlyList<GpuDeviceInfo> Enumerate() => [.. Devices().Select(device => device.Info)];

    /// <inheritdoc/>
    public GpuDevice Open(GpuDeviceInfo info)
    {
        foreach ((int handle, int capability, GpuDeviceInfo candidate) in Devices())
        {
            if (candidate.Index == info.Index)
            {
                return candidate.Rejection is null
                    ? new CudaDevice(_api.Value, handle, capability, candidate)
                    : throw new PerCoException($"{candidate.Selector}: {candidate.Name}: {candidate.Rejection}.")
                    {
                        Remedies = capability < OldestCapability ? [Remedy.OpenCl] : [],
                    };
            }
        }

        throw new PerCoException($"{info.Selector}: the device is gone; see percoengine devices.");
    }

    /// <summary>Why a device cannot be used; null where it can.</summary>
    /// <param name="capability">Ten times the compute capability's major number, and its minor number.</param>
    /// <param name="prohibited">Whether its owner lets nobody compute on it.</param>
    internal static string? Rejection(int capability, bool prohibited) =>
        capability < OldestCapability
            ? $"has compute capability {capability / 10}.{capability % 10}, expected 7.0 (Volta) or newer; "
                + "OpenCL may do"
            : prohibited ? "is in compute mode 'prohibited'; its owner changes that with nvidia-smi -c 0"
            : null;

    // Drivers of several builds have the same version of CUDA, and compile PTX differently.
    private static string Build()
    {
        const string Kernel = "/proc/driver/nvidia/version";
        try
        {
            string? text = OperatingSystem.IsWindows()
                ? FileVersionInfo.GetVersionInfo(Path.Combine(Environment.SystemDirectory, "nvcuda.dll")).FileVersion
                : File.Exists(Kernel) ? File.ReadLines(Kernel).FirstOrDefault() : null;
            Match build = Regex.Match(text ?? "", @"\d+(\.\d+)+");
            return build.Success ? $", driver {build.Value}" : "";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    private List<(int Handle, int Capability, GpuDeviceInfo Info)> Devices()
    {
        CudaApi api = _api.Value;
        var devices = new List<(int, int, GpuDeviceInfo)>();
        int status = api.Init(0);
        if (status == NoDevice)
        {
            return devices;
        }

        CudaException.Check(api, status, "cuInit");
        int count, version;
        CudaException.Check(api, api.DeviceGetCount(&count), "cuDeviceGetCount");
        CudaException.Check(api, api.DriverGetVersion(&version), "cuDriverGetVersion");
        for (int index = 0; index < count; index++)
        {
            int handle;
            CudaException.Check(api, api.DeviceGet(&handle, index), "cuDeviceGet");
            devices.Add(Describe(api, handle, index, version));
        }

        return devices;
    }

    private static (int Handle, int Capability, GpuDeviceInfo Info) Describe(
        CudaApi api, int device, int index, int version)
    {
        const int LongestName = 256;
        byte* name = stackalloc byte[LongestName];
        CudaException.Check(api, api.DeviceGetName(name, LongestName, device), "cuDeviceGetName");
        var bytes = new ReadOnlySpan<byte>(name, LongestName);
        int end = bytes.IndexOf((byte)0);
        nuint memory;
        CudaException.Check(api, api.DeviceTotalMem(&memory, device), "cuDeviceTotalMem");
        int capability = (Attribute(CapabilityMajor) * 10) + Attribute(CapabilityMinor);
        var info = new GpuDeviceInfo(
            "cuda",
            index,
            Encoding.UTF8.GetString(end < 0 ? bytes : bytes[..end]),
            $"CUDA {version / 1000}.{version % 1000 / 10}{Build()}, compute capability {capability / 10}."
            + $"{capability % 10}")
        {
            Memory = (long)memory,
            LargestBuffer = (long)memory,
            LocalMemory = Attribute(SharedMemoryPerBlock),
            ComputeUnits = Attribute(MultiprocessorCount),
            Rejection = Rejection(capability, Attribute(ComputeMode) == Prohibited),
        };
        return (device, capability, info);

        int Attribute(int what)
        {
            int value;
            CudaException.Check(api, api.DeviceGetAttribute(&value, what, device), "cuDeviceGetAttribute");
            return value;
        }
    }
}
