using System.Runtime.CompilerServices;

namespace PerCo.Engine.Backends.Gpu.OpenCl;

/// <summary>A device with a context and an in-order queue.</summary>
internal sealed unsafe class OpenClDevice : GpuDevice
{
    private const ulong ProfilingQueue = 2;
    private const uint ProfilingStart = 0x1282;
    private const uint ProfilingEnd = 0x1283;

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
        _queue = api.CreateCommandQueue(_context, handle, ProfilingQueue, &status);
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
                + $"{Info.LargestBuffer >> 20} MiB. Try a smaller picture, --precision fp16, or --device cpu.");
        }

        int status;
        nint buffer = Api.CreateBuffer(_context, 1, (nuint)bytes, null, &status);
        OpenClException.Check(status, $"clCreateBuffer of {bytes} bytes");
        return new OpenClBuffer(Api, buffer, bytes);
    }

    /// <inheritdoc/>
    public override void Write(GpuBuffer destination, ReadOnlySpan<byte> bytes)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes.Length, destination.Bytes, nameof(bytes));
        if (bytes.IsEmpty)
        {
            return;
        }

        fixed (byte* p = bytes)
        {
            OpenClException.Check(
                Api.EnqueueWriteBuffer(_queue, destination.Handle, 1, 0, (nuint)bytes.Length, p, 0, null, null),
                "clEnqueueWriteBuffer");
        }
    }

    /// <inheritdoc/>
    public override void Read(GpuBuffer source, Span<byte> bytes)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes.Length, source.Bytes, nameof(bytes));
        if (bytes.IsEmpty)
        {
            return;
        }

        fixed (byte* p = bytes)
        {
            OpenClException.Check(
                Api.EnqueueReadBuffer(_queue, source.Handle, 1, 0, (nuint)bytes.Length, p, 0, null, null),
                "clEnqueueReadBuffer");
        }
    }

    /// <inheritdoc/>
    public override GpuModule Load(GpuProgram program)
    {
        string source = KernelSource.Load($"{program.Name}.cl");
        string options = $"-cl-std=CL1.2 {program.Definition}{(Info.IsCpu ? " -DON_CPU=1" : "")}";
        return OpenClModule.Build(this, _context, program, source, options);
    }

    /// <inheritdoc/>
    public override void Launch(GpuKernel kernel, GpuGroups groups, ReadOnlySpan<GpuArgument> arguments) =>
        Enqueue((OpenClKernel)kernel, groups, arguments, null);

    /// <inheritdoc/>
    public override TimeSpan LaunchTimed(GpuKernel kernel, GpuGroups groups, ReadOnlySpan<GpuArgument> arguments)
    {
        nint done;
        Enqueue((OpenClKernel)kernel, groups, arguments, &done);
        try
        {
            OpenClException.Check(Api.WaitForEvents(1, &done), "clWaitForEvents");
            ulong start, end;
            OpenClException.Check(
                Api.GetEventProfilingInfo(done, ProfilingStart, sizeof(ulong), &start, null), "profiling");
            OpenClException.Check(
                Api.GetEventProfilingInfo(done, ProfilingEnd, sizeof(ulong), &end, null), "profiling");
            return TimeSpan.FromMicroseconds((end - start) / 1e3);
        }
        finally
        {
            _ = Api.ReleaseEvent(done);
        }
    }

    /// <inheritdoc/>
    public override void Finish() => OpenClException.Check(Api.Finish(_queue), "clFinish");

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

    [SkipLocalsInit]
    private void Enqueue(
        OpenClKernel kernel, GpuGroups groups, ReadOnlySpan<GpuArgument> arguments, nint* done)
    {
        for (int i = 0; i < arguments.Length; i++)
        {
            nint buffer = arguments[i].Buffer;
            int bits = arguments[i].Bits;
            int status = arguments[i].IsBuffer
                ? Api.SetKernelArg(kernel.Handle, (uint)i, (nuint)sizeof(nint), &buffer)
                : Api.SetKernelArg(kernel.Handle, (uint)i, sizeof(int), &bits);
            if (status != 0)
            {
                OpenClException.Check(status, $"clSetKernelArg {i} of {kernel.Name}");
            }
        }

        nuint* global = stackalloc nuint[3]
        {
            (nuint)groups.X * (nuint)kernel.GroupSize, (nuint)groups.Y, (nuint)groups.Z,
        };
        nuint* local = stackalloc nuint[3] { (nuint)kernel.GroupSize, 1, 1 };
        int started = Api.EnqueueNdRangeKernel(_queue, kernel.Handle, 3, null, global, local, 0, null, done);
        if (started != 0)
        {
            OpenClException.Check(started, $"clEnqueueNDRangeKernel of {kernel.Name} {groups}");
        }
    }
}
