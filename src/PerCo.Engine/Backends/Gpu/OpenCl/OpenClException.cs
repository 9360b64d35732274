namespace PerCo.Engine.Backends.Gpu.OpenCl;

/// <summary>A call of the OpenCL driver failed.</summary>
internal sealed class OpenClException(string message) : PerCoException(message)
{
    /// <summary>The loader knows no platform.</summary>
    public const int PlatformNotFound = -1001;

    private const int MemObjectAllocationFailure = -4;
    private const int OutOfResources = -5;
    private const int OutOfHostMemory = -6;

    /// <summary>Throws unless the status is success.</summary>
    public static void Check(int status, string call)
    {
        if (status != 0)
        {
            bool lacksMemory = status is MemObjectAllocationFailure or OutOfResources or OutOfHostMemory;
            throw new OpenClException($"OpenCL: {call} failed with {StatusName(status)}."
                + (lacksMemory ? " Try a smaller picture, or the CPU." : ""))
            {
                Remedies = lacksMemory ? [Remedy.Cpu] : [],
            };
        }
    }

    /// <summary>The name of a status in the header cl.h.</summary>
    public static string StatusName(int status) => status switch
    {
        -1 => "CL_DEVICE_NOT_FOUND",
        -2 => "CL_DEVICE_NOT_AVAILABLE",
        -3 => "CL_COMPILER_NOT_AVAILABLE",
        MemObjectAllocationFailure => "CL_MEM_OBJECT_ALLOCATION_FAILURE",
        OutOfResources => "CL_OUT_OF_RESOURCES",
        OutOfHostMemory => "CL_OUT_OF_HOST_MEMORY",
        -7 => "CL_PROFILING_INFO_NOT_AVAILABLE",
        -9 => "CL_IMAGE_FORMAT_MISMATCH",
        -11 => "CL_BUILD_PROGRAM_FAILURE",
        -12 => "CL_MAP_FAILURE",
        -13 => "CL_MISALIGNED_SUB_BUFFER_OFFSET",
        -14 => "CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST",
        -15 => "CL_COMPILE_PROGRAM_FAILURE",
        -30 => "CL_INVALID_VALUE",
        -31 => "CL_INVALID_DEVICE_TYPE",
        -32 => "CL_INVALID_PLATFORM",
        -33 => "CL_INVALID_DEVICE",
        -34 => "CL_INVALID_CONTEXT",
        -36 => "CL_INVALID_COMMAND_QUEUE",
        -38 => "CL_INVALID_MEM_OBJECT",
        -42 => "CL_INVALID_BINARY",
        -43 => "CL_INVALID_BUILD_OPTIONS",
        -44 => "CL_INVALID_PROGRAM",
        -45 => "CL_INVALID_PROGRAM_EXECUTABLE",
        -46 => "CL_INVALID_KERNEL_NAME",
        -48 => "CL_INVALID_KERNEL",
        -49 => "CL_INVALID_ARG_INDEX",
        -50 => "CL_INVALID_ARG_VALUE",
        -51 => "CL_INVALID_ARG_SIZE",
        -52 => "CL_INVALID_KERNEL_ARGS",
        -53 => "CL_INVALID_WORK_DIMENSION",
        -54 => "CL_INVALID_WORK_GROUP_SIZE",
        -55 => "CL_INVALID_WORK_ITEM_SIZE",
        -58 => "CL_INVALID_EVENT",
        -59 => "CL_INVALID_OPERATION",
        -61 => "CL_INVALID_BUFFER_SIZE",
        -63 => "CL_INVALID_GLOBAL_WORK_SIZE",
        PlatformNotFound => "CL_PLATFORM_NOT_FOUND_KHR",
        _ => $"status {status}",
    };
}
