using System.Runtime.CompilerServices;

namespace PerCo.Engine.Backends.Gpu.Cuda;

/// <summary>A device's primary context with a stream of its own.</summary>
internal sealed unsafe class CudaDevice : GpuDevice
{
    private const uint NonBlocking = 1;

    // The first that knows PTX 8.3, in which a kernel fences a tensor map.
    private const int WarpGroupsDriver = 12030;

    private readonly int _handle;
    private readonly int _version;
    private readonly CudaStaging? _staging;
    private nint _context;
    private nint _stream;

    public CudaDevice(CudaApi api, int handle, int capability, GpuDeviceInfo info)
        : base(info)
    {
        Api = api;
        Capability = capability;
        _handle = handle;
        int version;
        CudaException.Check(api, api.DriverGetVersion(&version), "cuDriverGetVersion");
        _version = version;
        nint context;
        CudaException.Check(api, api.PrimaryContextRetain(&context, handle), "cuDevicePrimaryCtxRetain");
        _context = context;
        nint stream = 0;
        try
        {
            MakeCurrent();
            Check(api.StreamCreate(&stream, NonBlocking), "cuStreamCreate");
        }
        catch
        {
            _ = api.PrimaryContextRelease(handle);
            throw;
        }

        _stream = stream;
        try
        {
            _staging = new CudaStaging(this);
        }
        catch
        {
            Release();
            throw;
        }
    }

    public CudaApi Api { get; }

    /// <summary>Ten times the compute capability's major number, and its minor number.</summary>
    public int Capability { get; }

    /// <inheritdoc/>
    public override string? Lacks(KernelNeed need) => Lacks(need, Capability)
        ?? (need == KernelNeed.WarpGroups && (Api.TensorMapEncodeTiled == null || _version < WarpGroupsDriver)
            ? "needs the driver of CUDA 12.3" : null);

    /// <inheritdoc/>
    public override GpuBuffer? DescribePanels(GpuBuffer matrix, long rows) =>
        Lacks(KernelNeed.WarpGroups) is null ? CudaTensorMap.Create(this, matrix, rows) : null;

    /// <summary>Makes the device's context the calling thread's: the driver keeps one a thread.</summary>
    public void MakeCurrent() => Check(Api.ContextSetCurrent(_context), "cuCtxSetCurrent");

    /// <summary>The same for what is given back: where the device is lost, so is its memory.</summary>
    public void TryMakeCurrent() => _ = Api.ContextSetCurrent(_context);

    /// <inheritdoc/>
    public override GpuBuffer Allocate(long bytes)
    {
        MakeCurrent();
        nint address;
        int status = Api.MemAlloc(&address, (nuint)Math.Max(1, bytes));
        if (status != 0)
        {
            Check(status, $"cuMemAlloc of {bytes} bytes");
        }

        CountHeld(bytes);
        return new CudaBuffer(this, address, bytes) { Released = CountRelease };
    }

    /// <inheritdoc/>
    protected override void CopyIn(GpuBuffer destination, ReadOnlySpan<byte> bytes)
    {
        MakeCurrent();
        _staging!.Copy(bytes, destination.Handle, _stream);
    }

    /// <inheritdoc/>
    protected override void CopyOut(GpuBuffer source, Span<byte> bytes)
    {
        MakeCurrent();
        fixed (byte* p = bytes)
        {
            Check(Api.CopyToHost(p, source.Handle, (nuint)bytes.Length, _stream), "cuMemcpyDtoHAsync");
            Finish();
        }
    }

    /// <inheritdoc/>
    public override long UsableMemory
    {
        get
        {
            MakeCurrent();
            nuint free, total;
            Check(Api.MemGetInfo(&free, &total), "cuMemGetInfo");
            return (long)free + Held;
        }
    }

    /// <inheritdoc/>
    public override GpuModule Load(GpuProgram program)
    {
        MakeCurrent();
        return CudaModule.Load(this, program);
    }

    /// <inheritdoc/>
    internal override void Start(GpuKernel kernel, GpuGroups groups, ReadOnlySpan<GpuArgument> arguments)
    {
        MakeCurrent();
        Enqueue((CudaKernel)kernel, groups, arguments);
    }

    /// <inheritdoc/>
    public override TimeSpan Time(GpuRecording recording)
    {
        MakeCurrent();
        nint start = 0, end = 0;
        try
        {
            Check(Api.EventCreate(&start, 0), "cuEventCreate");
            Check(Api.EventCreate(&end, 0), "cuEventCreate");
            Check(Api.EventRecord(start, _stream), "cuEventRecord");
            recording.Replay();
            Check(Api.EventRecord(end, _stream), "cuEventRecord");
            Check(Api.EventSynchronize(end), "cuEventSynchronize");
            float milliseconds;
            Check(Api.EventElapsedTime(&milliseconds, start, end), "cuEventElapsedTime");
            return TimeSpan.FromMicroseconds(milliseconds * 1e3);
        }
        finally
        {
            Destroy(start);
            Destroy(end);
        }

        void Destroy(nint handle)
        {
            if (handle != 0)
            {
                _ = Api.EventDestroy(handle);
            }
        }
    }

    /// <summary>Why a device of that compute capability does not run such kernels; null where it does.</summary>
    internal static string? Lacks(KernelNeed need, int capability) => need switch
    {
        KernelNeed.TensorCores when capability < 80 =>
            $"needs compute capability 8.0, not {capability / 10}.{capability % 10}",
        KernelNeed.WarpGroups when capability != 90 =>
            $"is for compute capability 9.0, not {capability / 10}.{capability % 10}",
        _ => null,
    };

    /// <inheritdoc/>
    public override void Finish()
    {
        MakeCurrent();
        Check(Api.StreamSynchronize(_stream), "cuStreamSynchronize");
    }

    /// <summary>Starts all launches of a graph.</summary>
    public void LaunchGraph(nint executable) => Check(Api.GraphLaunch(executable, _stream), "cuGraphLaunch");

    /// <inheritdoc/>
    protected override GpuRecording Compile(LaunchList list) =>
        (GpuRecording?)CudaGraph.TryCreate(this, _stream, list) ?? list;

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            Release();
        }
    }

    private void Release()
    {
        if (_stream != 0)
        {
            _ = Api.ContextSetCurrent(_context);
            _ = Api.StreamSynchronize(_stream);
            _staging?.Dispose();
            _ = Api.StreamDestroy(_stream);
            _ = Api.PrimaryContextRelease(_handle);
            _stream = _context = 0;
        }
    }

    private void Check(int status, string call) => CudaException.Check(Api, status, call);

    [SkipLocalsInit]
    private void Enqueue(CudaKernel kernel, GpuGroups groups, ReadOnlySpan<GpuArgument> arguments)
    {
        // The driver reads as many bytes of each as the kernel's parameter has, before the call returns.
        nint* values = stackalloc nint[arguments.Length];
        void** pointers = stackalloc void*[arguments.Length];
        for (int i = 0; i < arguments.Length; i++)
        {
            values[i] = arguments[i].Buffer;
            if (!arguments[i].IsBuffer)
            {
                *(int*)&values[i] = arguments[i].Bits;
            }

            pointers[i] = &values[i];
        }

        int status = Api.LaunchKernel(
            kernel.Handle, (uint)groups.X, (uint)groups.Y, (uint)groups.Z, (uint)kernel.GroupSize, 1, 1,
            (uint)kernel.DynamicShared, _stream, pointers, null);
        if (status != 0)
        {
            Check(status, $"cuLaunchKernel of {kernel.Name} {groups}");
        }
    }
}
