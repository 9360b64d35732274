namespace PerCo.Engine.Backends.Gpu.OpenCl;

/// <summary>Devices of all platforms that the system's OpenCL loader knows.</summary>
internal sealed unsafe class OpenClDriver : IGpuDriver
{
    private const ulong AllDevices = 0xFFFFFFFF;
    private const ulong CpuDevice = 2;
    private const uint PlatformName = 0x0902;
    private const long NeededLocalMemory = 32 << 10;
    private const ulong NeededGroup = 256;

    // Loaded once: unloading a driver that has started threads is not safe.
    private readonly Lazy<OpenClApi> _api = new(OpenClApi.Load);

    /// <inheritdoc/>
    public string Name => "opencl";

    /// <inheritdoc/>
    public IReadOnlyList<GpuDeviceInfo> Enumerate() => [.. Devices().Select(device => device.Info)];

    /// <inheritdoc/>
    public GpuDevice Open(GpuDeviceInfo info)
    {
        foreach ((nint handle, GpuDeviceInfo candidate) in Devices())
        {
            if (candidate.Index == info.Index)
            {
                return candidate.Rejection is null
                    ? new OpenClDevice(_api.Value, handle, candidate)
                    : throw new PerCoException($"{candidate.Selector}: {candidate.Name}: {candidate.Rejection}");
            }
        }

        throw new PerCoException($"{info.Selector}: the device is gone; see percoengine devices.");
    }

    private List<(nint Handle, GpuDeviceInfo Info)> Devices()
    {
        OpenClApi api = _api.Value;
        var devices = new List<(nint, GpuDeviceInfo)>();
        foreach (nint platform in Platforms(api))
        {
            uint count;
            if (api.GetDeviceIds(platform, AllDevices, 0, null, &count) != 0 || count == 0)
            {
                continue; // CL_DEVICE_NOT_FOUND: a platform whose hardware is absent.
            }

            var handles = new nint[count];
            fixed (nint* p = handles)
            {
                if (api.GetDeviceIds(platform, AllDevices, count, p, null) != 0)
                {
                    continue;
                }
            }

            foreach (nint handle in handles)
            {
                devices.Add((handle, DescribeOrReject(api, platform, handle, devices.Count)));
            }
        }

        return devices;
    }

    // What does not even say its name is listed all the same: it must not hide the others.
    private static GpuDeviceInfo DescribeOrReject(OpenClApi api, nint platform, nint device, int index)
    {
        try
        {
            string platformName = OpenClApi.Text("clGetPlatformInfo", (size, value, written) =>
                api.GetPlatformInfo(platform, PlatformName, size, value, written));
            return Describe(api, device, index, platformName);
        }
        catch (OpenClException error)
        {
            return new GpuDeviceInfo("opencl", index, "unknown device", "unknown version")
            {
                Rejection = $"does not describe itself ({error.Message.TrimEnd('.')})",
            };
        }
    }

    private static nint[] Platforms(OpenClApi api)
    {
        uint count;
        int status = api.GetPlatformIds(0, null, &count);
        if (status == OpenClException.PlatformNotFound || (status == 0 && count == 0))
        {
            return [];
        }

        OpenClException.Check(status, "clGetPlatformIDs");
        var platforms = new nint[count];
        fixed (nint* p = platforms)
        {
            OpenClException.Check(api.GetPlatformIds(count, p, null), "clGetPlatformIDs");
        }

        return platforms;
    }

    private static GpuDeviceInfo Describe(OpenClApi api, nint device, int index, string platform)
    {
        string version = Text(OpenClDeviceQuery.Version);
        var info = new GpuDeviceInfo(
            "opencl", index, Text(OpenClDeviceQuery.Name),
            $"{platform}, {version}, driver {Text(OpenClDeviceQuery.DriverVersion)}")
        {
            IsCpu = (Number(OpenClDeviceQuery.Type) & CpuDevice) != 0,
            Memory = (long)Math.Min(long.MaxValue, Number(OpenClDeviceQuery.GlobalMemSize)),
            LargestBuffer = (long)Math.Min(long.MaxValue, Number(OpenClDeviceQuery.MaxMemAllocSize)),
            LocalMemory = (long)Math.Min(long.MaxValue, Number(OpenClDeviceQuery.LocalMemSize)),
            ComputeUnits = (int)Math.Min(int.MaxValue, Number(OpenClDeviceQuery.MaxComputeUnits)),
        };
        return info with { Rejection = Rejection(info, version) };

        string Text(OpenClDeviceQuery what) => OpenClApi.Text("clGetDeviceInfo", (size, value, written) =>
            api.GetDeviceInfo(device, (uint)what, size, value, written));

        ulong Number(OpenClDeviceQuery what) => OpenClApi.Number("clGetDeviceInfo", (size, value, written) =>
            api.GetDeviceInfo(device, (uint)what, size, value, written));

        string? Rejection(GpuDeviceInfo found, string text)
        {
            // "OpenCL 1.2 pocl ..."; 1.0 and 1.1 lack what the kernels need.
            string number = text.Split(' ') is [_, var second, ..] ? second : text;
            ulong group = Number(OpenClDeviceQuery.MaxWorkGroupSize);
            return number is "1.0" or "1.1" ? $"has OpenCL {number}, expected 1.2 or newer"
                : Number(OpenClDeviceQuery.Available) == 0 ? "the driver says that the device is not available"
                : Number(OpenClDeviceQuery.CompilerAvailable) == 0 ? "the driver has no compiler"
                : Number(OpenClDeviceQuery.EndianLittle) == 0 ? "the device is big-endian"
                : group < NeededGroup ? $"has work-groups of {group} items, expected {NeededGroup}"
                : found.LocalMemory < NeededLocalMemory
                    ? $"has {found.LocalMemory >> 10} KiB of local memory, expected {NeededLocalMemory >> 10} KiB"
                : null;
        }
    }
}
