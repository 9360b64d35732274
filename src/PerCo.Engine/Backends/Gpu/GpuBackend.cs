using System.Buffers;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;
using Tensor = PerCo.Engine.Tensors.Tensor;

namespace PerCo.Engine.Backends.Gpu;

/// <summary>
/// A device behind a driver: kernels of <c>kernels/</c>, one launcher an op. Weights and activations are fp16,
/// bf16 or fp32, sums, norms and softmax fp32.
/// </summary>
public sealed partial class GpuBackend : Backend, IStepOps, IRowBandOps
{
    /// <summary>None: a device has plenty to do at once, and bands take more launches and copies.</summary>
    internal const long DefaultBandBytes = 0;

    private readonly GpuDevice _device;
    private readonly GpuArena _arena;
    private readonly Dictionary<string, GpuModule> _modules = [];
    private readonly Dictionary<string, GpuKernel> _kernels = [];
    private readonly Lock _loading = new();
    private readonly bool _emulate;
    private readonly int _units;
    private readonly Action<string>? _detail;
    private bool _disposed;

    private GpuBackend(GpuDevice device, GpuOptions options)
    {
        _device = device;
        _arena = new GpuArena(device);
        _detail = options.Detail;
        _emulate = options.EmulateTensorCores && device.Info.IsCpu;
        _units = Math.Max(1, options.ComputeUnits ?? device.Info.ComputeUnits);
        Precision = options.Precision != GpuPrecision.Auto ? options.Precision
            : device.Info.IsCpu ? GpuPrecision.Fp32 : GpuPrecision.Fp16;
    }

    /// <inheritdoc/>
    public override string Name => _device.Info.Selector;

    /// <inheritdoc/>
    public override string Description =>
        $"{_device.Info.Name}, {_device.Info.Version}, {Precision.ToString().ToLowerInvariant()}";

    /// <summary>What weights and activations are stored as; never <see cref="GpuPrecision.Auto"/>.</summary>
    public GpuPrecision Precision { get; }

    /// <summary>What is known of the device.</summary>
    public GpuDeviceInfo Device => _device.Info;

    /// <inheritdoc/>
    public override NumericPlan Plan => Precision switch
    {
        GpuPrecision.Fp32 => NumericPlan.Fp32Direct,
        GpuPrecision.Bf16 => NumericPlan.Bf16,
        _ => NumericPlan.Fp16,
    };

    /// <inheritdoc/>
    public override long MemoryInUse => _arena.InUse;

    /// <inheritdoc/>
    public override long PeakMemory => _arena.Peak;

    /// <summary>Blocks ever taken from the device for activations: constant once a pass repeats.</summary>
    internal long DeviceAllocations => _arena.DeviceAllocations;

    /// <summary>Tells who asked for it what is planned.</summary>
    internal void Detail(string line) => _detail?.Invoke(line);

    /// <summary>The open device.</summary>
    internal GpuDevice Hardware => _device;

    /// <summary>Memory of activations.</summary>
    internal GpuArena Arena => _arena;

    /// <summary>Bytes of an activation.</summary>
    internal int ElementSize => Precision == GpuPrecision.Fp32 ? 4 : 2;

    /// <inheritdoc/>
    public override void ResetPeak() => _arena.ResetPeak();

    /// <inheritdoc/>
    public override void TrimMemory()
    {
        _device.Finish();
        _arena.Trim();
    }

    /// <inheritdoc/>
    public override Tensor Allocate(Shape shape)
    {
        // Ends a pass between ops; what the device was given already it finishes.
        Cancellation.ThrowIfCancellationRequested();
        return new Tensor(this, shape, _arena.Rent(checked(shape.Count * ElementSize)));
    }

    /// <inheritdoc/>
    public override void Upload(ReadOnlySpan<float> values, Tensor destination)
    {
        if (values.Length != destination.Shape.Count)
        {
            throw new ArgumentException($"{destination.Shape} holds {destination.Shape.Count} values, got "
                + $"{values.Length}.");
        }

        WriteElements(values, destination.Buffer());
    }

    /// <inheritdoc/>
    public override void Download(Tensor source, Span<float> destination)
    {
        if (destination.Length != source.Shape.Count)
        {
            throw new ArgumentException($"{source.Shape} holds {source.Shape.Count} values, got room for "
                + $"{destination.Length}.");
        }

        if (Precision == GpuPrecision.Fp32)
        {
            _device.Read(source.Buffer(), MemoryMarshal.AsBytes(destination));
            return;
        }

        ushort[] stored = ArrayPool<ushort>.Shared.Rent(destination.Length);
        Span<ushort> used = stored.AsSpan(0, destination.Length);
        _device.Read(source.Buffer(), MemoryMarshal.AsBytes(used));
        if (Precision == GpuPrecision.Bf16)
        {
            BFloat16.Widen(used, destination);
        }
        else
        {
            HalfWidening.Widen(used, destination);
        }

        ArrayPool<ushort>.Shared.Return(stored);
    }

    /// <inheritdoc/>
    long IRowBandOps.DefaultBandBytes => DefaultBandBytes;

    /// <summary>
    /// Shares the memory where it begins with the tensor's, and is a copy elsewhere: parts of a buffer need alignments
    /// in OpenCL that rows do not have.
    /// </summary>
    Tensor IRowBandOps.View(Tensor x, long first, Shape shape)
    {
        OpCheck.That(
            first >= 0 && first + shape.Count <= x.Shape.Count && first % shape.Channels == 0, "View", "values",
            $"whole positions within {x.Shape}", $"{shape} from {first}");
        if (first == 0)
        {
            return new Tensor(this, shape, new GpuAlias(x.Buffer()));
        }

        using Tensor copy = Allocate(shape);
        var source = new ChannelSlice(x, 0, x.Shape.Channels);
        CopyTokens(source, checked((int)(first / shape.Channels)), shape.Tokens, copy, destinationStart: 0);
        return copy.Move();
    }

    /// <inheritdoc/>
    Tensor IRowBandOps.Narrow(Tensor x, Shape shape)
    {
        OpCheck.That(shape.Count <= x.Shape.Count, "Narrow", "values", $"at most {x.Shape}", shape);
        return new Tensor(this, shape, x.TakeStorage());
    }

    /// <inheritdoc/>
    IDenoisingRun IStepOps.StartRun(Shape sample, int rows, int features, Func<Tensor, Tensor, Tensor> network) =>
        new GpuDenoisingRun(this, sample, rows, features, network);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing && !_disposed)
        {
            _disposed = true;
            if (_device.IsAbandoned)
            {
                return;
            }

            try
            {
                _device.Finish();
            }
            catch (PerCoException)
            {
                // A device that no longer answers is why this is called: what is held is released all the same.
            }

            _arena.Dispose();
            foreach (GpuModule module in _modules.Values)
            {
                module.Dispose();
            }

            _device.Dispose();
        }

        base.Dispose(disposing);
    }

    /// <summary>Receives the programs whose kernels are used; null where nobody asks.</summary>
    internal ISet<string>? Programs { get; set; }

    /// <summary>A kernel of a program, which is built when first asked for.</summary>
    internal GpuKernel Kernel(string program, string? name = null)
    {
        name ??= program;
        lock (_loading)
        {
            Programs?.Add(program);
            if (!_kernels.TryGetValue(name, out GpuKernel? kernel))
            {
                if (!_modules.TryGetValue(program, out GpuModule? module))
                {
                    module = _device.Load(new GpuProgram(program, Precision));
                    _modules.Add(program, module);
                }

                kernel = module.Kernel(name);
                _kernels.Add(name, kernel);
            }

            return kernel;
        }
    }

    /// <summary>Values of the storage type into device memory.</summary>
    private void WriteElements(ReadOnlySpan<float> values, GpuBuffer buffer)
    {
        if (Precision == GpuPrecision.Fp32)
        {
            _device.Write(buffer, MemoryMarshal.AsBytes(values));
            return;
        }

        ushort[] stored = ArrayPool<ushort>.Shared.Rent(values.Length);
        Span<ushort> used = stored.AsSpan(0, values.Length);
        if (Precision == GpuPrecision.Bf16)
        {
            BFloat16.Round(values, used);
        }
        else
        {
            TensorPrimitives.ConvertToHalf(values, MemoryMarshal.Cast<ushort, Half>(used));
        }

        _device.Write(buffer, MemoryMarshal.AsBytes(used));
        ArrayPool<ushort>.Shared.Return(stored);
    }

    /// <summary>Vectors of an item, as in portable.h.</summary>
    private int VectorWidth => _device.Info.IsCpu ? 16 : 4;

    /// <summary>Work-groups for so many items of a kernel.</summary>
    private static int Groups(GpuKernel kernel, long items) => checked((int)DivideUp(items, kernel.GroupSize));

    private static long DivideUp(long count, long size) => (count + size - 1) / size;
}
