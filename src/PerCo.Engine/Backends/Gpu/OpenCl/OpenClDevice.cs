namespace PerCo.Engine.Backends.Gpu.OpenCl;

/// <summary>A device with a context and an in-order queue.</summary>
internal sealed unsafe class OpenClDevice : GpuDevice
{
    // Constants CL_... of the header cl.h.
    private const ulong ReadWrite = 1;
    private const uint Blocking = 1;

    private nint _context;
    private nint _queue;

    public OpenClDevice(OpenClApi api, nint handle, GpuDeviceInfo info)
        : base(info)
    {
        Api = api;
        Handle = handle;
        int status;
        _context = api.CreateContext(null, 1, &handle, 0, 0, &status);
        OpenClException.Check(status, "clCreateContext");
        _queue = api.CreateCommandQueue(_context, handle, 0, &status);
        if (status != 0)
        {
            _ = api.ReleaseContext(_context);
            OpenClException.Check(status, "clCreateCommandQueue");
        }
    }

    public OpenClApi Api { get; }

    public nint Handle { get; }

    /// <inheritdoc/>
    public override GpuBuffer Allocate(long bytes)
    {
        if (bytes > Info.LargestBuffer)
        {
            throw new PerCoException($"{Info.Selector}: a buffer of {bytes >> 20} MiB is needed, the device allows "
                + $"{Info.LargestBuffer >> 20} MiB. Try a smaller picture, fp16, or the CPU.")
            {
                Remedies = [Remedy.Fp16, Remedy.Cpu],
            };
        }

        int status;
        nint buffer = Api.CreateBuffer(_context, ReadWrite, (nuint)bytes, null, &status);
        OpenClException.Check(status, $"clCreateBuffer of {bytes} bytes");
        CountHeld(bytes);
        return new OpenClBuffer(Api, buffer, bytes) { Released = CountRelease };
    }

    /// <inheritdoc/>
    protected override void CopyIn(GpuBuffer destination, ReadOnlySpan<byte> bytes)
    {
        fixed (byte* p = bytes)
        {
            OpenClException.Check(
                Api.EnqueueWriteBuffer(_queue, destination.Handle, Blocking, 0, (nuint)bytes.Length, p, 0, null, null),
                "clEnqueueWriteBuffer");
        }
    }

    /// <inheritdoc/>
    protected override void CopyOut(GpuBuffer source, Span<byte> bytes)
    {
        fixed (byte* p = bytes)
        {
            OpenClException.Check(
                Api.EnqueueReadBuffer(_queue, source.Handle, Blocking, 0, (nuint)bytes.Length, p, 0, null, null),
                "clEnqueueReadBuffer");
        }
    }

    /// <summary>OpenCL does not say what others use: an eighth is left to them.</summary>
    public override long UsableMemory => Info.Memory / 8 * 7;

    /// <inheritdoc/>
    public override GpuModule Load(GpuProgram program) => Load(program, KernelSource.Load($"{program.Name}.cl"));

    /// <summary>Builds a program's source.</summary>
    internal OpenClModule Load(GpuProgram program, string source)
    {
        string options = $"-cl-std=CL1.2 {program.Definition}{(Info.IsCpu ? " -DON_CPU=1" : "")}";
        return OpenClModule.Build(this, _context, program, source, options);
    }

    /// <inheritdoc/>
    internal override void Start(GpuKernel kernel, GpuGroups groups, ReadOnlySpan<GpuArgument> arguments)
    {
        var target = (OpenClKernel)kernel;
        SetArguments(target.Handle, kernel.Name, arguments);
        Enqueue(target.Handle, kernel, groups);
    }

    /// <inheritdoc/>
    public override void Finish() => OpenClException.Check(Api.Finish(_queue), "clFinish");

    /// <summary>Hands all launches to the device.</summary>
    public void Flush() => OpenClException.Check(Api.Flush(_queue), "clFlush");

    /// <summary>Starts a kernel whose arguments are set.</summary>
    public void Enqueue(nint handle, GpuKernel kernel, GpuGroups groups)
    {
        nuint* global = stackalloc nuint[3]
        {
            (nuint)groups.X * (nuint)kernel.GroupSize, (nuint)groups.Y, (nuint)groups.Z,
        };
        nuint* local = stackalloc nuint[3] { (nuint)kernel.GroupSize, 1, 1 };
        int started = Api.EnqueueNdRangeKernel(_queue, handle, 3, null, global, local, 0, null, null);
        if (started != 0)
        {
            OpenClException.Check(started, $"clEnqueueNDRangeKernel of {kernel.Name} {groups}");
        }
    }

    /// <summary>Sets a kernel's arguments.</summary>
    public void SetArguments(nint kernel, string name, ReadOnlySpan<GpuArgument> arguments)
    {
        for (int i = 0; i < arguments.Length; i++)
        {
            nint buffer = arguments[i].Buffer;
            int bits = arguments[i].Bits;
            int status = arguments[i].IsBuffer
                ? Api.SetKernelArg(kernel, (uint)i, (nuint)sizeof(nint), &buffer)
                : Api.SetKernelArg(kernel, (uint)i, sizeof(int), &bits);
            if (status != 0)
            {
                OpenClException.Check(status, $"clSetKernelArg {i} of {name}");
            }
        }
    }

    /// <inheritdoc/>
    protected override GpuRecording Compile(LaunchList list) => new OpenClRecording(this, list);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (_queue != 0)
        {
            _ = Api.Finish(_queue);
            _ = Api.ReleaseCommandQueue(_queue);
            _ = Api.ReleaseContext(_context);
            _queue = _context = 0;
        }
    }
}
