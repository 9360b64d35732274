namespace PerCo.Engine.Backends.Gpu.OpenCl;

/// <summary>What clGetDeviceInfo is asked for: the constants CL_DEVICE_... of the header cl.h.</summary>
internal enum OpenClDeviceQuery : uint
{
    Type = 0x1000,
    MaxComputeUnits = 0x1002,
    MaxWorkGroupSize = 0x1004,
    MaxMemAllocSize = 0x1010,
    GlobalMemSize = 0x101F,
    LocalMemSize = 0x1023,
    EndianLittle = 0x1026,
    Available = 0x1027,
    CompilerAvailable = 0x1028,
    Name = 0x102B,
    DriverVersion = 0x102D,
    Version = 0x102F,
}
