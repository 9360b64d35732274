using System.Text;

namespace PerCo.Engine.Backends.Gpu.OpenCl;

/// <summary>A built program with its kernels.</summary>
internal sealed unsafe class OpenClModule : GpuModule
{
    private const uint ProgramBinarySizes = 0x1165;
    private const uint ProgramBinaries = 0x1166;
    private const uint BuildLog = 0x1183;
    private const uint CompileWorkGroupSize = 0x11B1;

    private readonly OpenClDevice _device;
    private readonly nint _program;
    private readonly Dictionary<string, OpenClKernel> _kernels = [];

    private OpenClModule(OpenClDevice device, nint program)
    {
        _device = device;
        _program = program;
    }

    private OpenClApi Api => _device.Api;

    /// <summary>Builds a program, or takes it from the cache.</summary>
    public static OpenClModule Build(
        OpenClDevice device, nint context, GpuProgram program, string source, string options)
    {
        var cache = BinaryCache.For(device.Info, source, options);
        if (cache.Read() is { } binary && FromBinary(device, context, binary, options) is var cached && cached != 0)
        {
            return new OpenClModule(device, cached);
        }

        int status;
        nint built;
        fixed (byte* text = Encoding.UTF8.GetBytes(source + '\0'))
        {
            byte* start = text;
            built = device.Api.CreateProgramWithSource(context, 1, &start, null, &status);
        }

        OpenClException.Check(status, $"clCreateProgramWithSource of {program}");
        status = BuildFor(device, built, options);
        if (status != 0)
        {
            string log = OpenClApi.Text("clGetProgramBuildInfo", (size, value, written) =>
                device.Api.GetProgramBuildInfo(built, device.Handle, BuildLog, size, value, written));
            _ = device.Api.ReleaseProgram(built);
            throw new OpenClException($"OpenCL: {device.Info.Name} ({device.Info.Version}) cannot build {program} with "
                + $"'{options}': {OpenClException.StatusName(status)}. Use the CPU. The driver says: {log}.")
            {
                Remedies = [Remedy.Cpu],
            };
        }

        cache.Write(Binary(device, built));
        return new OpenClModule(device, built);
    }

    /// <inheritdoc/>
    public override GpuKernel Kernel(string name)
    {
        if (_kernels.TryGetValue(name, out OpenClKernel? kernel))
        {
            return kernel;
        }

        nint handle = CreateKernel(Api, _program, name);
        nuint* size = stackalloc nuint[3];
        OpenClException.Check(
            Api.GetKernelWorkGroupInfo(
                handle, _device.Handle, CompileWorkGroupSize, 3 * (nuint)sizeof(nuint), size, null),
            $"clGetKernelWorkGroupInfo of {name}");
        kernel = new OpenClKernel(name, checked((int)(size[0] * size[1] * size[2])), handle, _program);
        _kernels.Add(name, kernel);
        return kernel;
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        foreach (OpenClKernel kernel in _kernels.Values)
        {
            _ = Api.ReleaseKernel(kernel.Handle);
        }

        _kernels.Clear();
        _ = Api.ReleaseProgram(_program);
    }

    /// <summary>A new cl_kernel, with arguments of its own.</summary>
    internal static nint CreateKernel(OpenClApi api, nint program, string name)
    {
        int status;
        fixed (byte* text = Encoding.UTF8.GetBytes(name + '\0'))
        {
            nint handle = api.CreateKernel(program, text, &status);
            OpenClException.Check(status, $"clCreateKernel {name}");
            return handle;
        }
    }

    private static int BuildFor(OpenClDevice device, nint program, string options)
    {
        nint handle = device.Handle;
        fixed (byte* text = Encoding.UTF8.GetBytes(options + '\0'))
        {
            return device.Api.BuildProgram(program, 1, &handle, text, 0, 0);
        }
    }

    // 0 where the driver does not take the binary: an update of the driver that kept its version.
    private static nint FromBinary(OpenClDevice device, nint context, byte[] binary, string options)
    {
        nint handle = device.Handle;
        nuint length = (nuint)binary.Length;
        int loaded, status;
        nint program;
        fixed (byte* bytes = binary)
        {
            byte* start = bytes;
            program = device.Api.CreateProgramWithBinary(context, 1, &handle, &length, &start, &loaded, &status);
        }

        if (status != 0 || loaded != 0)
        {
            if (program != 0)
            {
                _ = device.Api.ReleaseProgram(program);
            }

            return 0;
        }

        if (BuildFor(device, program, options) != 0)
        {
            _ = device.Api.ReleaseProgram(program);
            return 0;
        }

        return program;
    }

    private static byte[] Binary(OpenClDevice device, nint program)
    {
        nuint size;
        if (device.Api.GetProgramInfo(program, ProgramBinarySizes, (nuint)sizeof(nuint), &size, null) != 0)
        {
            return [];
        }

        var binary = new byte[checked((int)size)];
        fixed (byte* bytes = binary)
        {
            byte* start = bytes;
            return device.Api.GetProgramInfo(program, ProgramBinaries, (nuint)sizeof(byte*), &start, null) == 0
                ? binary
                : [];
        }
    }
}

/// <summary>A cl_kernel.</summary>
internal sealed class OpenClKernel(string name, int groupSize, nint handle, nint program)
    : GpuKernel(name, groupSize)
{
    public nint Handle { get; } = handle;

    public nint Program { get; } = program;
}
