using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using PerCo.Engine.Backends.Gpu;
using PerCo.Engine.Backends.Gpu.Cuda;

namespace PerCo.Engine.Tests.Backends.Gpu.Cuda.Machine;

/// <summary>
/// A CUDA driver with devices of compute capability 7.0, 8.0, 9.0 and 12.0, whose kernels a <see cref="PtxDevice"/>
/// executes. Whatever is put into a stream happens when somebody waits for it, so that the host cannot rely on it
/// earlier.
/// </summary>
/// <remarks>
/// The driver's calls are functions without an object: all machines share their tables. A machine's devices are
/// <see cref="Kinds"/>'s count of numbers among those of all machines, and the calling thread's context says which one
/// is meant.
/// </remarks>
internal sealed unsafe partial class CudaMachine : IDisposable
{
    private const int Success = 0;
    private const int InvalidValue = 1;
    private const int InvalidContext = 201;
    private const int InvalidPtx = 218;
    private const int NotFound = 500;
    private const int LaunchFailed = 719;
    private const int CaptureUnsupported = 900;
    private const int SharedWithoutAsking = 48 << 10;

    // Compute capability, and shared memory that a group may ask for.
    private static readonly (int Capability, int MostShared)[] Kinds =
        [(70, 96 << 10), (80, 163 << 10), (90, 227 << 10), (120, 99 << 10)];

    private static readonly Table<CudaMachine> Machines = new();
    private static readonly Table<IReadOnlyDictionary<string, PtxKernel>> Modules = new();
    private static readonly Table<Function> Functions = new();
    private static readonly Table<List<Action>> Graphs = new();
    private static readonly Dictionary<string, nint> Names = [];

    // Number of the current device, from 1; 0 where the thread has no context.
    [ThreadStatic]
    private static int t_context;

    private readonly Queue<Action> _stream = new();
    private readonly int _firstDevice;
    private List<Action>? _captured;

    /// <summary>Begins with nothing loaded.</summary>
    public CudaMachine(PtxDevice device)
    {
        Device = device;
        Driver = new CudaDriver(() => new CudaApi(name => Exports.GetValueOrDefault(name)));
        _firstDevice = ((int)Machines.Add(this) - 1) * Kinds.Length;
    }

    /// <summary>What computes.</summary>
    public PtxDevice Device { get; }

    /// <summary>The engine's driver, which calls this one.</summary>
    public IGpuDriver Driver { get; }

    /// <summary>Changes PTX before it is read, so that tests see what a mistake in it would do.</summary>
    public Func<string, string> Edit { get; init; } = text => text;

    /// <summary>What a kernel did that it must not do; null where none did.</summary>
    public string? Fault { get; private set; }

    /// <summary>Graphs that were replayed.</summary>
    public int Replays { get; private set; }

    private static CudaMachine? Current => t_context == 0 ? null : Machines[((t_context - 1) / Kinds.Length) + 1];

    /// <summary>Opens the device of a compute capability.</summary>
    public GpuBackend Open(int capability, GpuOptions options)
    {
        int index = _firstDevice + Array.FindIndex(Kinds, kind => kind.Capability == capability);
        return GpuBackend.Open(Driver, Driver.Enumerate()[index], options);
    }

    public void Dispose() => Device.Dispose();

    // Handles of what the driver has made: numbers from 1.
    private sealed class Table<T>
        where T : class
    {
        private readonly List<T> _items = [];

        public int Count
        {
            get
            {
                lock (_items)
                {
                    return _items.Count;
                }
            }
        }

        public T this[nint handle]
        {
            get
            {
                lock (_items)
                {
                    return _items[(int)handle - 1];
                }
            }
        }

        public nint Add(T item)
        {
            lock (_items)
            {
                _items.Add(item);
                return _items.Count;
            }
        }
    }

    private sealed record Function(PtxKernel Kernel, int Device)
    {
        public int MostShared { get; set; } = SharedWithoutAsking;
    }

    // Does what was asked for; a fault stays, as the driver's does.
    private int Wait()
    {
        while (Fault is null && _stream.TryDequeue(out Action? work))
        {
            try
            {
                work();
            }
            catch (PtxFault fault)
            {
                Fault = fault.Message;
            }
        }

        return Fault is null ? Success : LaunchFailed;
    }

    private int Put(Action work)
    {
        _stream.Enqueue(work);
        return Fault is null ? Success : LaunchFailed;
    }

    private int Copy(nint device, nuint bytes, Action copy) =>
        _captured is not null ? CaptureUnsupported : !Device.Has(device, bytes) ? InvalidValue : Put(copy);

    [UnmanagedCallersOnly]
    private static int Init(uint flags) => Success;

    [UnmanagedCallersOnly]
    private static int DriverGetVersion(int* version)
    {
        *version = 12040;
        return Success;
    }

    [UnmanagedCallersOnly]
    private static int GetErrorName(int status, byte** name)
    {
        string text = status switch
        {
            LaunchFailed => $"CUDA_ERROR_LAUNCH_FAILED: {Current?.Fault}",
            InvalidValue => "CUDA_ERROR_INVALID_VALUE",
            InvalidContext => "CUDA_ERROR_INVALID_CONTEXT",
            InvalidPtx => "CUDA_ERROR_INVALID_PTX",
            NotFound => "CUDA_ERROR_NOT_FOUND",
            CaptureUnsupported => "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED",
            _ => "CUDA_ERROR_UNKNOWN",
        };
        lock (Names)
        {
            if (!Names.TryGetValue(text, out nint kept))
            {
                Names.Add(text, kept = Marshal.StringToCoTaskMemUTF8(text));
            }

            *name = (byte*)kept;
        }

        return Success;
    }

    [UnmanagedCallersOnly]
    private static int DeviceGetCount(int* count)
    {
        *count = Machines.Count * Kinds.Length;
        return Success;
    }

    [UnmanagedCallersOnly]
    private static int DeviceGet(int* device, int index)
    {
        *device = index;
        return Success;
    }

    [UnmanagedCallersOnly]
    private static int DeviceGetName(byte* name, int size, int device)
    {
        "PTX machine\0"u8.CopyTo(new Span<byte>(name, size));
        return Success;
    }

    [UnmanagedCallersOnly]
    private static int DeviceTotalMem(nuint* bytes, int device)
    {
        *bytes = (nuint)8 << 30;
        return Success;
    }

    [UnmanagedCallersOnly]
    private static int DeviceGetAttribute(int* value, int what, int device)
    {
        *value = what switch
        {
            8 => 48 << 10,
            16 => 4,
            75 => Kinds[device % Kinds.Length].Capability / 10,
            76 => Kinds[device % Kinds.Length].Capability % 10,
            _ => 0,
        };
        return Success;
    }

    [UnmanagedCallersOnly]
    private static int ContextRetain(nint* context, int device)
    {
        *context = device + 1;
        return Success;
    }

    [UnmanagedCallersOnly]
    private static int ContextRelease(int device) => Success;

    [UnmanagedCallersOnly]
    private static int ContextSetCurrent(nint context)
    {
        t_context = (int)context;
        return Success;
    }

    [UnmanagedCallersOnly]
    private static int Allocate(nint* memory, nuint bytes)
    {
        if (Current is not { } machine)
        {
            return InvalidContext;
        }

        *memory = machine.Device.Allocate(bytes);
        return Success;
    }

    // Freeing waits for what is under way.
    [UnmanagedCallersOnly]
    private static int Free(nint memory)
    {
        _ = Current?.Wait();
        return Current is not { } machine ? InvalidContext : machine.Device.Free(memory) ? Success : InvalidValue;
    }

    [UnmanagedCallersOnly]
    private static int AllocateHost(nint* memory, nuint bytes)
    {
        *memory = (nint)NativeMemory.Alloc(bytes);
        return Success;
    }

    [UnmanagedCallersOnly]
    private static int FreeHost(nint memory)
    {
        NativeMemory.Free((void*)memory);
        return Success;
    }

    [UnmanagedCallersOnly]
    private static int GetMemory(nuint* available, nuint* total)
    {
        *available = *total = (nuint)8 << 30;
        return Success;
    }

    [UnmanagedCallersOnly]
    private static int CopyIn(nint to, void* from, nuint bytes, nint stream) => Current is not { } machine
        ? InvalidContext
        : machine.Copy(to, bytes, () => Buffer.MemoryCopy(from, (void*)to, bytes, bytes));

    [UnmanagedCallersOnly]
    private static int CopyOut(void* to, nint from, nuint bytes, nint stream) => Current is not { } machine
        ? InvalidContext
        : machine.Copy(from, bytes, () => Buffer.MemoryCopy((void*)from, to, bytes, bytes));

    [UnmanagedCallersOnly]
    private static int ModuleLoad(nint* module, byte* text, uint count, int* options, void** values)
    {
        if (Current is not { } machine)
        {
            return InvalidContext;
        }

        try
        {
            *module = Modules.Add(PtxReader.Read(machine.Edit(Marshal.PtrToStringUTF8((nint)text)!)));
            return Success;
        }
        catch (PtxFault fault)
        {
            // The first option is the buffer for what the compiler says, the second its size.
            System.Text.Encoding.UTF8.GetBytes(fault.Message + '\0', new Span<byte>(values[0], (int)(nint)values[1]));
            return InvalidPtx;
        }
    }

    [UnmanagedCallersOnly]
    private static int ModuleUnload(nint module) => Success;

    [UnmanagedCallersOnly]
    private static int ModuleGetFunction(nint* function, nint module, byte* name)
    {
        if (!Modules[module].TryGetValue(Marshal.PtrToStringUTF8((nint)name)!, out PtxKernel? kernel))
        {
            return NotFound;
        }

        *function = Functions.Add(new Function(kernel, (t_context - 1) % Kinds.Length));
        return Success;
    }

    [UnmanagedCallersOnly]
    private static int FunctionSetAttribute(nint function, int what, int value)
    {
        const int MaxDynamicShared = 8;
        Function found = Functions[function];
        if (what != MaxDynamicShared || value > Kinds[found.Device].MostShared)
        {
            return InvalidValue;
        }

        found.MostShared = value;
        return Success;
    }

    [UnmanagedCallersOnly]
    private static int Launch(
        nint function, uint x, uint y, uint z, uint groupX, uint groupY, uint groupZ, uint shared, nint stream,
        void** arguments, void** extra)
    {
        Function found = Functions[function];
        if (Current is not { } machine)
        {
            return InvalidContext;
        }

        if (x == 0 || y == 0 || z == 0 || y > 65535 || z > 65535 || groupX != found.Kernel.GroupSize || groupY != 1
            || groupZ != 1 || found.Kernel.StaticShared + shared > found.MostShared)
        {
            return InvalidValue;
        }

        var values = new ulong[found.Kernel.Parameters.Count];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = found.Kernel.Parameters[i] == sizeof(ulong) ? *(ulong*)arguments[i] : *(uint*)arguments[i];
        }

        var launch = new PtxLaunch(
            machine.Device, found.Kernel, (int)x, (int)y, (int)z, found.Kernel.StaticShared + (int)shared, values);
        if (machine._captured is null)
        {
            return machine.Put(() => machine.Device.Run(launch));
        }

        machine._captured.Add(() => machine.Device.Run(launch));
        return Success;
    }

    [UnmanagedCallersOnly]
    private static int TensorMapEncode(
        byte* map, int type, uint rank, nint matrix, ulong* sizes, ulong* strides, uint* box, uint* steps,
        int interleave, int swizzle, int promotion, int outside)
    {
        // What the documentation asks for, and what the kernels need: 16-bit numbers, 128-byte swizzle, zeros outside.
        bool known = (nint)map % 64 == 0 && type == 1 && rank == 2 && matrix % 16 == 0 && strides[0] % 16 == 0
            && box[0] * sizeof(ushort) <= 128 && box[1] <= 256 && steps[0] == 1 && steps[1] == 1 && interleave == 0
            && swizzle == 3 && outside == 0 && Current?.Device.Has(matrix, (nuint)(strides[0] * sizes[1])) == true;
        if (!known)
        {
            return InvalidValue;
        }

        *(PtxTensorMap*)map = new PtxTensorMap
        {
            Mark = PtxTensorMap.Known,
            Address = (ulong)matrix,
            Columns = sizes[0],
            Rows = sizes[1],
            RowBytes = strides[0],
            BoxColumns = box[0],
            BoxRows = box[1],
        };
        return Success;
    }

    [UnmanagedCallersOnly]
    private static int Create(nint* handle, uint flags)
    {
        *handle = 1;
        return Success;
    }

    [UnmanagedCallersOnly]
    private static int Synchronize(nint handle) => Current is not { } machine ? InvalidContext
        : machine._captured is not null ? CaptureUnsupported : machine.Wait();

    [UnmanagedCallersOnly]
    private static int Destroy(nint handle) => Success;

    [UnmanagedCallersOnly]
    private static int EventRecord(nint handle, nint stream) => Success;

    [UnmanagedCallersOnly]
    private static int ElapsedTime(float* milliseconds, nint start, nint end)
    {
        *milliseconds = 1;
        return Success;
    }

    [UnmanagedCallersOnly]
    private static int BeginCapture(nint stream, int mode)
    {
        Current!._captured = [];
        return Success;
    }

    [UnmanagedCallersOnly]
    private static int EndCapture(nint stream, nint* graph)
    {
        *graph = Graphs.Add(Current!._captured!);
        Current._captured = null;
        return Success;
    }

    [UnmanagedCallersOnly]
    private static int Instantiate(nint* executable, nint graph, ulong flags)
    {
        *executable = graph;
        return Success;
    }

    [UnmanagedCallersOnly]
    private static int GraphLaunch(nint executable, nint stream)
    {
        CudaMachine machine = Current!;
        machine.Replays++;
        foreach (Action work in Graphs[executable])
        {
            _ = machine.Put(work);
        }

        return machine.Fault is null ? Success : LaunchFailed;
    }
}
