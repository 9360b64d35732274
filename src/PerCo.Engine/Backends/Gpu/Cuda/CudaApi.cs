using System.Runtime.InteropServices;

namespace PerCo.Engine.Backends.Gpu.Cuda;

/// <summary>
/// The entry points of the CUDA driver that are used; it comes with the graphics driver, no toolkit is needed. Handles
/// and device addresses are nint, CUdevice is int, size_t is nuint; the names are those of the documentation (NVIDIA,
/// "CUDA Driver API"), with the suffix that cuda.h gives them on 64-bit systems.
/// </summary>
internal sealed unsafe class CudaApi
{
    private static readonly string[] Libraries =
        OperatingSystem.IsWindows() ? ["nvcuda.dll"] : ["libcuda.so.1", "libcuda.so"];

    /// <summary>Takes the entry points from a driver.</summary>
    /// <param name="export">The address of an entry point; 0 where the driver lacks it.</param>
    /// <exception cref="PerCoException">It lacks one that is needed.</exception>
    internal CudaApi(Func<string, nint> export)
    {
        Init = (delegate* unmanaged<uint, int>)Find("cuInit");
        DriverGetVersion = (delegate* unmanaged<int*, int>)Find("cuDriverGetVersion");
        GetErrorName = (delegate* unmanaged<int, byte**, int>)Find("cuGetErrorName");
        DeviceGetCount = (delegate* unmanaged<int*, int>)Find("cuDeviceGetCount");
        DeviceGet = (delegate* unmanaged<int*, int, int>)Find("cuDeviceGet");
        DeviceGetName = (delegate* unmanaged<byte*, int, int, int>)Find("cuDeviceGetName");
        DeviceTotalMem = (delegate* unmanaged<nuint*, int, int>)Find("cuDeviceTotalMem_v2");
        DeviceGetAttribute = (delegate* unmanaged<int*, int, int, int>)Find("cuDeviceGetAttribute");
        PrimaryContextRetain = (delegate* unmanaged<nint*, int, int>)Find("cuDevicePrimaryCtxRetain");
        PrimaryContextRelease = (delegate* unmanaged<int, int>)Find("cuDevicePrimaryCtxRelease_v2");
        ContextSetCurrent = (delegate* unmanaged<nint, int>)Find("cuCtxSetCurrent");
        MemAlloc = (delegate* unmanaged<nint*, nuint, int>)Find("cuMemAlloc_v2");
        MemFree = (delegate* unmanaged<nint, int>)Find("cuMemFree_v2");
        CopyToDevice = (delegate* unmanaged<nint, void*, nuint, nint, int>)Find("cuMemcpyHtoDAsync_v2");
        CopyToHost = (delegate* unmanaged<void*, nint, nuint, nint, int>)Find("cuMemcpyDtoHAsync_v2");
        ModuleLoadData = (delegate* unmanaged<nint*, void*, uint, int*, void**, int>)Find("cuModuleLoadDataEx");
        ModuleUnload = (delegate* unmanaged<nint, int>)Find("cuModuleUnload");
        ModuleGetFunction = (delegate* unmanaged<nint*, nint, byte*, int>)Find("cuModuleGetFunction");
        FunctionSetAttribute = (delegate* unmanaged<nint, int, int, int>)Find("cuFuncSetAttribute");
        TensorMapEncodeTiled = (delegate* unmanaged<
            byte*, int, uint, nint, ulong*, ulong*, uint*, uint*, int, int, int, int, int>)
            export("cuTensorMapEncodeTiled");
        LaunchKernel = (delegate* unmanaged<nint, uint, uint, uint, uint, uint, uint, uint, nint, void**, void**, int>)
            Find("cuLaunchKernel");
        StreamCreate = (delegate* unmanaged<nint*, uint, int>)Find("cuStreamCreate");
        StreamSynchronize = (delegate* unmanaged<nint, int>)Find("cuStreamSynchronize");
        StreamDestroy = (delegate* unmanaged<nint, int>)Find("cuStreamDestroy_v2");
        EventCreate = (delegate* unmanaged<nint*, uint, int>)Find("cuEventCreate");
        EventRecord = (delegate* unmanaged<nint, nint, int>)Find("cuEventRecord");
        EventSynchronize = (delegate* unmanaged<nint, int>)Find("cuEventSynchronize");
        EventElapsedTime = (delegate* unmanaged<float*, nint, nint, int>)Find("cuEventElapsedTime");
        EventDestroy = (delegate* unmanaged<nint, int>)Find("cuEventDestroy_v2");
        MemAllocHost = (delegate* unmanaged<nint*, nuint, int>)Find("cuMemAllocHost_v2");
        MemFreeHost = (delegate* unmanaged<nint, int>)Find("cuMemFreeHost");
        MemGetInfo = (delegate* unmanaged<nuint*, nuint*, int>)Find("cuMemGetInfo_v2");
        StreamBeginCapture = (delegate* unmanaged<nint, int, int>)export("cuStreamBeginCapture_v2");
        StreamEndCapture = (delegate* unmanaged<nint, nint*, int>)export("cuStreamEndCapture");
        GraphInstantiate = (delegate* unmanaged<nint*, nint, ulong, int>)export("cuGraphInstantiateWithFlags");
        GraphLaunch = (delegate* unmanaged<nint, nint, int>)export("cuGraphLaunch");
        GraphExecDestroy = (delegate* unmanaged<nint, int>)export("cuGraphExecDestroy");
        GraphDestroy = (delegate* unmanaged<nint, int>)export("cuGraphDestroy");

        nint Find(string name) => export(name) is var address and not 0
            ? address
            : throw new PerCoException($"CUDA: {Libraries[0]} lacks {name}; expected the driver of CUDA 11 or newer. "
                + "Update NVIDIA's graphics driver, or use OpenCL or the CPU.")
            {
                Remedies = [Remedy.OpenCl, Remedy.Cpu],
            };
    }

    public delegate* unmanaged<uint, int> Init { get; }

    public delegate* unmanaged<int*, int> DriverGetVersion { get; }

    public delegate* unmanaged<int, byte**, int> GetErrorName { get; }

    public delegate* unmanaged<int*, int> DeviceGetCount { get; }

    public delegate* unmanaged<int*, int, int> DeviceGet { get; }

    public delegate* unmanaged<byte*, int, int, int> DeviceGetName { get; }

    public delegate* unmanaged<nuint*, int, int> DeviceTotalMem { get; }

    public delegate* unmanaged<int*, int, int, int> DeviceGetAttribute { get; }

    public delegate* unmanaged<nint*, int, int> PrimaryContextRetain { get; }

    public delegate* unmanaged<int, int> PrimaryContextRelease { get; }

    public delegate* unmanaged<nint, int> ContextSetCurrent { get; }

    public delegate* unmanaged<nint*, nuint, int> MemAlloc { get; }

    public delegate* unmanaged<nint, int> MemFree { get; }

    public delegate* unmanaged<nint, void*, nuint, nint, int> CopyToDevice { get; }

    public delegate* unmanaged<void*, nint, nuint, nint, int> CopyToHost { get; }

    public delegate* unmanaged<nint*, void*, uint, int*, void**, int> ModuleLoadData { get; }

    public delegate* unmanaged<nint, int> ModuleUnload { get; }

    public delegate* unmanaged<nint*, nint, byte*, int> ModuleGetFunction { get; }

    /// <summary>Null in drivers before CUDA 12.</summary>
    public delegate* unmanaged<
        byte*, int, uint, nint, ulong*, ulong*, uint*, uint*, int, int, int, int, int> TensorMapEncodeTiled { get; }

    public delegate* unmanaged<nint, int, int, int> FunctionSetAttribute { get; }

    public delegate* unmanaged<nint, uint, uint, uint, uint, uint, uint, uint, nint, void**, void**, int> LaunchKernel
    {
        get;
    }

    public delegate* unmanaged<nint*, uint, int> StreamCreate { get; }

    public delegate* unmanaged<nint, int> StreamSynchronize { get; }

    public delegate* unmanaged<nint, int> StreamDestroy { get; }

    public delegate* unmanaged<nint*, uint, int> EventCreate { get; }

    public delegate* unmanaged<nint, nint, int> EventRecord { get; }

    public delegate* unmanaged<nint, int> EventSynchronize { get; }

    public delegate* unmanaged<float*, nint, nint, int> EventElapsedTime { get; }

    public delegate* unmanaged<nint, int> EventDestroy { get; }

    public delegate* unmanaged<nint*, nuint, int> MemAllocHost { get; }

    public delegate* unmanaged<nint, int> MemFreeHost { get; }

    public delegate* unmanaged<nuint*, nuint*, int> MemGetInfo { get; }

    // Graphs came with CUDA 10 and took their present form with 11.4: null in older drivers.

    public delegate* unmanaged<nint, int, int> StreamBeginCapture { get; }

    public delegate* unmanaged<nint, nint*, int> StreamEndCapture { get; }

    public delegate* unmanaged<nint*, nint, ulong, int> GraphInstantiate { get; }

    public delegate* unmanaged<nint, nint, int> GraphLaunch { get; }

    public delegate* unmanaged<nint, int> GraphExecDestroy { get; }

    public delegate* unmanaged<nint, int> GraphDestroy { get; }

    /// <summary>Loads the driver and initialises it.</summary>
    /// <exception cref="PerCoException">There is none, it lacks an entry point, or it does not start.</exception>
    public static CudaApi Load() => Load(Libraries);

    /// <summary>The same from the first library that exists.</summary>
    internal static CudaApi Load(IReadOnlyList<string> libraries)
    {
        foreach (string name in libraries)
        {
            if (NativeLibrary.TryLoad(name, out nint library))
            {
                return new CudaApi(
                    export => NativeLibrary.TryGetExport(library, export, out nint address) ? address : 0);
            }
        }

        throw new PerCoException(
            $"CUDA: {libraries[0]} was not found. Install NVIDIA's graphics driver (no CUDA toolkit is needed), or use "
            + "OpenCL or the CPU.") { Remedies = [Remedy.OpenCl, Remedy.Cpu] };
    }

    /// <summary>The name of a status in the header cuda.h.</summary>
    public string StatusName(int status)
    {
        byte* name = null;
        return GetErrorName(status, &name) == 0 && name != null
            ? $"{Marshal.PtrToStringUTF8((nint)name)} ({status})"
            : $"status {status}";
    }
}
