using System.Text;

namespace PerCo.Engine.Backends.Gpu.Cuda;

/// <summary>PTX that the driver has compiled for its device; it keeps a cache of its own on disk.</summary>
internal sealed unsafe class CudaModule : GpuModule
{
    private const int ErrorLogBuffer = 5;
    private const int ErrorLogBufferSize = 6;
    private const int LogBytes = 8192;
    private const int MaxDynamicShared = 8;
    private const int SharedWithoutAsking = 48 << 10;

    private readonly CudaDevice _device;
    private readonly nint _module;
    private readonly PtxFile _ptx;
    private readonly Dictionary<string, CudaKernel> _kernels = [];

    private CudaModule(CudaDevice device, nint module, PtxFile ptx)
    {
        _device = device;
        _module = module;
        _ptx = ptx;
    }

    /// <summary>Compiles a program for the device, whose context is current.</summary>
    public static CudaModule Load(CudaDevice device, GpuProgram program)
    {
        PtxFile ptx = PtxFile.Load(program, device.Capability);
        nint module;
        int status;
        var log = new byte[LogBytes];
        fixed (byte* text = Encoding.UTF8.GetBytes(ptx.Text + '\0'), logStart = log)
        {
            // Values are passed in the place of pointers where they are numbers.
            int* options = stackalloc int[2] { ErrorLogBuffer, ErrorLogBufferSize };
            void** values = stackalloc void*[2];
            values[0] = logStart;
            values[1] = (void*)(nint)LogBytes;
            status = device.Api.ModuleLoadData(&module, text, 2, options, values);
        }

        if (status != 0)
        {
            int end = Array.IndexOf(log, (byte)0);
            string said = Encoding.UTF8.GetString(log, 0, end < 0 ? LogBytes : end).Trim();
            throw new CudaException($"CUDA: {device.Info.Name} ({device.Info.Version}) cannot load {ptx.Name}: "
                + $"{device.Api.StatusName(status)}. Update NVIDIA's graphics driver, or use OpenCL or the "
                + $"CPU. The driver says: {(said.Length == 0 ? "nothing" : said)}.")
            {
                Remedies = [Remedy.OpenCl, Remedy.Cpu],
            };
        }

        return new CudaModule(device, module, ptx);
    }

    /// <inheritdoc/>
    public override GpuKernel Kernel(string name)
    {
        if (_kernels.TryGetValue(name, out CudaKernel? kernel))
        {
            return kernel;
        }

        _device.MakeCurrent();
        nint handle;
        fixed (byte* text = Encoding.UTF8.GetBytes(name + '\0'))
        {
            CudaException.Check(
                _device.Api,
                _device.Api.ModuleGetFunction(&handle, _module, text),
                $"cuModuleGetFunction {name} of {_ptx.Name}");
        }

        int shared = _ptx.DynamicShared(name);
        if (shared > SharedWithoutAsking)
        {
            CudaException.Check(
                _device.Api,
                _device.Api.FunctionSetAttribute(handle, MaxDynamicShared, shared),
                $"cuFuncSetAttribute of {shared} bytes of shared memory for {name}");
        }

        kernel = new CudaKernel(name, _ptx.GroupSize(name), shared, handle);
        _kernels.Add(name, kernel);
        return kernel;
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _device.TryMakeCurrent();
        _ = _device.Api.ModuleUnload(_module);
        _kernels.Clear();
    }
}

/// <summary>A CUfunction.</summary>
internal sealed class CudaKernel(string name, int groupSize, int dynamicShared, nint handle)
    : GpuKernel(name, groupSize)
{
    /// <summary>Bytes of on-chip memory that every launch asks for.</summary>
    public int DynamicShared { get; } = dynamicShared;

    public nint Handle { get; } = handle;
}
