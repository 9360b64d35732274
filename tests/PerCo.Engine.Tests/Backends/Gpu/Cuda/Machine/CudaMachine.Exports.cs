namespace PerCo.Engine.Tests.Backends.Gpu.Cuda.Machine;

internal sealed unsafe partial class CudaMachine
{
    private static readonly Dictionary<string, nint> Exports = new()
    {
        ["cuInit"] = (nint)(delegate* unmanaged<uint, int>)&Init,
        ["cuDriverGetVersion"] = (nint)(delegate* unmanaged<int*, int>)&DriverGetVersion,
        ["cuGetErrorName"] = (nint)(delegate* unmanaged<int, byte**, int>)&GetErrorName,
        ["cuDeviceGetCount"] = (nint)(delegate* unmanaged<int*, int>)&DeviceGetCount,
        ["cuDeviceGet"] = (nint)(delegate* unmanaged<int*, int, int>)&DeviceGet,
        ["cuDeviceGetName"] = (nint)(delegate* unmanaged<byte*, int, int, int>)&DeviceGetName,
        ["cuDeviceTotalMem_v2"] = (nint)(delegate* unmanaged<nuint*, int, int>)&DeviceTotalMem,
        ["cuDeviceGetAttribute"] = (nint)(delegate* unmanaged<int*, int, int, int>)&DeviceGetAttribute,
        ["cuDevicePrimaryCtxRetain"] = (nint)(delegate* unmanaged<nint*, int, int>)&ContextRetain,
        ["cuDevicePrimaryCtxRelease_v2"] = (nint)(delegate* unmanaged<int, int>)&ContextRelease,
        ["cuCtxSetCurrent"] = (nint)(delegate* unmanaged<nint, int>)&ContextSetCurrent,
        ["cuMemAlloc_v2"] = (nint)(delegate* unmanaged<nint*, nuint, int>)&Allocate,
        ["cuMemFree_v2"] = (nint)(delegate* unmanaged<nint, int>)&Free,
        ["cuMemAllocHost_v2"] = (nint)(delegate* unmanaged<nint*, nuint, int>)&AllocateHost,
        ["cuMemFreeHost"] = (nint)(delegate* unmanaged<nint, int>)&FreeHost,
        ["cuMemGetInfo_v2"] = (nint)(delegate* unmanaged<nuint*, nuint*, int>)&GetMemory,
        ["cuMemcpyHtoDAsync_v2"] = (nint)(delegate* unmanaged<nint, void*, nuint, nint, int>)&CopyIn,
        ["cuMemcpyDtoHAsync_v2"] = (nint)(delegate* unmanaged<void*, nint, nuint, nint, int>)&CopyOut,
        ["cuModuleLoadDataEx"] = (nint)(delegate* unmanaged<nint*, byte*, uint, int*, void**, int>)&ModuleLoad,
        ["cuModuleUnload"] = (nint)(delegate* unmanaged<nint, int>)&ModuleUnload,
        ["cuModuleGetFunction"] = (nint)(delegate* unmanaged<nint*, nint, byte*, int>)&ModuleGetFunction,
        ["cuFuncSetAttribute"] = (nint)(delegate* unmanaged<nint, int, int, int>)&FunctionSetAttribute,
        ["cuLaunchKernel"] = (nint)(delegate* unmanaged<
            nint, uint, uint, uint, uint, uint, uint, uint, nint, void**, void**, int>)&Launch,
        ["cuTensorMapEncodeTiled"] = (nint)(delegate* unmanaged<
            byte*, int, uint, nint, ulong*, ulong*, uint*, uint*, int, int, int, int, int>)&TensorMapEncode,
        ["cuStreamCreate"] = (nint)(delegate* unmanaged<nint*, uint, int>)&Create,
        ["cuStreamSynchronize"] = (nint)(delegate* unmanaged<nint, int>)&Synchronize,
        ["cuStreamDestroy_v2"] = (nint)(delegate* unmanaged<nint, int>)&Destroy,
        ["cuEventCreate"] = (nint)(delegate* unmanaged<nint*, uint, int>)&Create,
        ["cuEventRecord"] = (nint)(delegate* unmanaged<nint, nint, int>)&EventRecord,
        ["cuEventSynchronize"] = (nint)(delegate* unmanaged<nint, int>)&Synchronize,
        ["cuEventElapsedTime"] = (nint)(delegate* unmanaged<float*, nint, nint, int>)&ElapsedTime,
        ["cuEventDestroy_v2"] = (nint)(delegate* unmanaged<nint, int>)&Destroy,
        ["cuStreamBeginCapture_v2"] = (nint)(delegate* unmanaged<nint, int, int>)&BeginCapture,
        ["cuStreamEndCapture"] = (nint)(delegate* unmanaged<nint, nint*, int>)&EndCapture,
        ["cuGraphInstantiateWithFlags"] = (nint)(delegate* unmanaged<nint*, nint, ulong, int>)&Instantiate,
        ["cuGraphLaunch"] = (nint)(delegate* unmanaged<nint, nint, int>)&GraphLaunch,
        ["cuGraphExecDestroy"] = (nint)(delegate* unmanaged<nint, int>)&Destroy,
        ["cuGraphDestroy"] = (nint)(delegate* unmanaged<nint, int>)&Destroy,
    };
}
