using System.Runtime.InteropServices;

namespace PerCo.Engine.Backends.Gpu.OpenCl;

/// <summary>
/// The entry points of OpenCL 1.2 that are used, from the system's ICD loader. Handles are nint, size_t is nuint; the
/// names are the specification's (Khronos, "The OpenCL Specification 1.2", chapters 4 and 5).
/// </summary>
internal sealed unsafe class OpenClApi
{
    private static readonly string[] Libraries = OperatingSystem.IsWindows()
        ? ["OpenCL.dll"]
        : OperatingSystem.IsMacOS()
            ? ["/System/Library/Frameworks/OpenCL.framework/OpenCL"]
            : ["libOpenCL.so.1", "libOpenCL.so"];

    private readonly nint _library;

    private OpenClApi(nint library)
    {
        _library = library;
        GetPlatformIds = (delegate* unmanaged<uint, nint*, uint*, int>)Find("clGetPlatformIDs");
        GetPlatformInfo = (delegate* unmanaged<nint, uint, nuint, void*, nuint*, int>)Find("clGetPlatformInfo");
        GetDeviceIds = (delegate* unmanaged<nint, ulong, uint, nint*, uint*, int>)Find("clGetDeviceIDs");
        GetDeviceInfo = (delegate* unmanaged<nint, uint, nuint, void*, nuint*, int>)Find("clGetDeviceInfo");
        CreateContext = (delegate* unmanaged<nint*, uint, nint*, nint, nint, int*, nint>)Find("clCreateContext");
        ReleaseContext = (delegate* unmanaged<nint, int>)Find("clReleaseContext");
        CreateCommandQueue = (delegate* unmanaged<nint, nint, ulong, int*, nint>)Find("clCreateCommandQueue");
        ReleaseCommandQueue = (delegate* unmanaged<nint, int>)Find("clReleaseCommandQueue");
        CreateProgramWithSource =
            (delegate* unmanaged<nint, uint, byte**, nuint*, int*, nint>)Find("clCreateProgramWithSource");
        CreateProgramWithBinary = (delegate* unmanaged<nint, uint, nint*, nuint*, byte**, int*, int*, nint>)Find(
            "clCreateProgramWithBinary");
        BuildProgram = (delegate* unmanaged<nint, uint, nint*, byte*, nint, nint, int>)Find("clBuildProgram");
        GetProgramBuildInfo =
            (delegate* unmanaged<nint, nint, uint, nuint, void*, nuint*, int>)Find("clGetProgramBuildInfo");
        GetProgramInfo = (delegate* unmanaged<nint, uint, nuint, void*, nuint*, int>)Find("clGetProgramInfo");
        ReleaseProgram = (delegate* unmanaged<nint, int>)Find("clReleaseProgram");
        CreateKernel = (delegate* unmanaged<nint, byte*, int*, nint>)Find("clCreateKernel");
        SetKernelArg = (delegate* unmanaged<nint, uint, nuint, void*, int>)Find("clSetKernelArg");
        GetKernelWorkGroupInfo =
            (delegate* unmanaged<nint, nint, uint, nuint, void*, nuint*, int>)Find("clGetKernelWorkGroupInfo");
        ReleaseKernel = (delegate* unmanaged<nint, int>)Find("clReleaseKernel");
        CreateBuffer = (delegate* unmanaged<nint, ulong, nuint, void*, int*, nint>)Find("clCreateBuffer");
        ReleaseMemObject = (delegate* unmanaged<nint, int>)Find("clReleaseMemObject");
        EnqueueReadBuffer = (delegate* unmanaged<nint, nint, uint, nuint, nuint, void*, uint, nint*, nint*, int>)Find(
            "clEnqueueReadBuffer");
        EnqueueWriteBuffer = (delegate* unmanaged<nint, nint, uint, nuint, nuint, void*, uint, nint*, nint*, int>)Find(
            "clEnqueueWriteBuffer");
        EnqueueNdRangeKernel =
            (delegate* unmanaged<nint, nint, uint, nuint*, nuint*, nuint*, uint, nint*, nint*, int>)Find(
                "clEnqueueNDRangeKernel");
        Flush = (delegate* unmanaged<nint, int>)Find("clFlush");
        Finish = (delegate* unmanaged<nint, int>)Find("clFinish");
    }

    public delegate* unmanaged<uint, nint*, uint*, int> GetPlatformIds { get; }

    public delegate* unmanaged<nint, uint, nuint, void*, nuint*, int> GetPlatformInfo { get; }

    public delegate* unmanaged<nint, ulong, uint, nint*, uint*, int> GetDeviceIds { get; }

    public delegate* unmanaged<nint, uint, nuint, void*, nuint*, int> GetDeviceInfo { get; }

    public delegate* unmanaged<nint*, uint, nint*, nint, nint, int*, nint> CreateContext { get; }

    public delegate* unmanaged<nint, int> ReleaseContext { get; }

    public delegate* unmanaged<nint, nint, ulong, int*, nint> CreateCommandQueue { get; }

    public delegate* unmanaged<nint, int> ReleaseCommandQueue { get; }

    public delegate* unmanaged<nint, uint, byte**, nuint*, int*, nint> CreateProgramWithSource { get; }

    public delegate* unmanaged<nint, uint, nint*, nuint*, byte**, int*, int*, nint> CreateProgramWithBinary { get; }

    public delegate* unmanaged<nint, uint, nint*, byte*, nint, nint, int> BuildProgram { get; }

    public delegate* unmanaged<nint, nint, uint, nuint, void*, nuint*, int> GetProgramBuildInfo { get; }

    public delegate* unmanaged<nint, uint, nuint, void*, nuint*, int> GetProgramInfo { get; }

    public delegate* unmanaged<nint, int> ReleaseProgram { get; }

    public delegate* unmanaged<nint, byte*, int*, nint> CreateKernel { get; }

    public delegate* unmanaged<nint, uint, nuint, void*, int> SetKernelArg { get; }

    public delegate* unmanaged<nint, nint, uint, nuint, void*, nuint*, int> GetKernelWorkGroupInfo { get; }

    public delegate* unmanaged<nint, int> ReleaseKernel { get; }

    public delegate* unmanaged<nint, ulong, nuint, void*, int*, nint> CreateBuffer { get; }

    public delegate* unmanaged<nint, int> ReleaseMemObject { get; }

    public delegate* unmanaged<nint, nint, uint, nuint, nuint, void*, uint, nint*, nint*, int> EnqueueReadBuffer
    {
        get;
    }

    public delegate* unmanaged<nint, nint, uint, nuint, nuint, void*, uint, nint*, nint*, int> EnqueueWriteBuffer
    {
        get;
    }

    public delegate* unmanaged<nint, nint, uint, nuint*, nuint*, nuint*, uint, nint*, nint*, int> EnqueueNdRangeKernel
    {
        get;
    }

    public delegate* unmanaged<nint, int> Flush { get; }

    public delegate* unmanaged<nint, int> Finish { get; }

    /// <summary>A query of the form (parameter, size, destination, written size).</summary>
    public delegate int InfoQuery(nuint size, void* destination, nuint* written);

    /// <summary>Loads the loader.</summary>
    /// <exception cref="PerCoException">There is none, or it lacks an entry point.</exception>
    public static OpenClApi Load() => Load(Libraries);

    /// <summary>The same from the first library that exists.</summary>
    internal static OpenClApi Load(IReadOnlyList<string> libraries)
    {
        PoclCacheFolder.Prepare();
        foreach (string name in libraries)
        {
            if (NativeLibrary.TryLoad(name, out nint library))
            {
                return new OpenClApi(library);
            }
        }

        throw new PerCoException(
            $"OpenCL: {libraries[0]} was not found. Install your graphics driver (or, for the processor, "
            + "PoCL: package pocl-opencl-icd on Debian and Ubuntu), or use the CPU.")
        {
            Remedies = [Remedy.Cpu],
        };
    }

    /// <summary>A text that a query returns, without its final zero.</summary>
    public static string Text(string call, InfoQuery query)
    {
        nuint size;
        OpenClException.Check(query(0, null, &size), call);
        var bytes = new byte[checked((int)size)];
        fixed (byte* p = bytes)
        {
            OpenClException.Check(query(size, p, null), call);
        }

        return System.Text.Encoding.UTF8.GetString(bytes).TrimEnd('\0', '\n', ' ');
    }

    /// <summary>A number that a query returns, of up to 64 bits.</summary>
    public static ulong Number(string call, InfoQuery query)
    {
        ulong value = 0;
        nuint size;
        OpenClException.Check(query(0, null, &size), call);
        OpenClException.Check(query(Math.Min(size, sizeof(ulong)), &value, null), call);
        return value;
    }

    private nint Find(string name) => NativeLibrary.TryGetExport(_library, name, out nint address)
        ? address
        : throw new PerCoException($"OpenCL: {Libraries[0]} lacks {name}; expected OpenCL 1.2 or newer. "
            + "Update the graphics driver, or use the CPU.") { Remedies = [Remedy.Cpu] };
}
