using PerCo.Engine.Backends.Gpu;
using Xunit;

namespace PerCo.Engine.Tests.Backends.Gpu.Trust;

/// <summary>What goes wrong on a device.</summary>
/// <param name="Program">The program that does not build; null for none.</param>
/// <param name="Kernel">What the names of kernels that compute something else begin with; null for none.</param>
/// <param name="Breaks">The kernel after which the device answers nothing any more; null for none.</param>
/// <param name="Hangs">The kernel that does not come to an end; null for none.</param>
public sealed record Fault(
    string? Program = null, string? Kernel = null, string? Breaks = null, string? Hangs = null);

/// <summary>The first OpenCL device with a fault.</summary>
/// <param name="driver">OpenCL.</param>
/// <param name="fault">What goes wrong.</param>
/// <param name="looksLikeAGpu">Whether the device says that it is none of a processor.</param>
/// <param name="hasASoundOne">Whether there is the same device once more, without the fault.</param>
internal sealed class FaultyDriver(
    IGpuDriver driver, Fault fault, bool looksLikeAGpu = false, bool hasASoundOne = false) : IGpuDriver
{
    private const int SoundIndex = 77;

    private readonly TaskCompletionSource _hanging = new();

    /// <summary>Completes when a kernel has begun that does not come to an end.</summary>
    public Task Hanging => _hanging.Task;

    public string Name => driver.Name;

    /// <summary>Kernels started on all devices that were opened.</summary>
    public int Launches { get; private set; }

    public IReadOnlyList<GpuDeviceInfo> Enumerate() =>
    [
        .. driver.Enumerate().Select(info => looksLikeAGpu ? info with { IsCpu = false } : info),
        .. hasASoundOne
            ? driver.Enumerate().Take(1).Select(info => info with { IsCpu = !looksLikeAGpu, Index = SoundIndex }) : [],
    ];

    public GpuDevice Open(GpuDeviceInfo info) => info.Index == SoundIndex
        ? driver.Open(info with { Index = 0 })
        : new Device(this, driver.Open(info), fault);

    private sealed class Device(FaultyDriver owner, GpuDevice inner, Fault fault) : GpuDevice(inner.Info)
    {
        private bool _broken;
        private volatile bool _hangs;

        public override long UsableMemory => inner.UsableMemory;

        public override GpuBuffer Allocate(long bytes) => inner.Allocate(bytes);

        public override GpuModule Load(GpuProgram program) => program.Name == fault.Program
            ? throw new PerCoException($"{program} does not build: CL_BUILD_PROGRAM_FAILURE.")
            : inner.Load(program);

        public override void Finish()
        {
            RefuseWhereBroken();
            inner.Finish();
        }

        internal override void Start(GpuKernel kernel, GpuGroups groups, ReadOnlySpan<GpuArgument> arguments)
        {
            owner.Launches++;
            RefuseWhereBroken();
            _broken = kernel.Name == fault.Breaks;
            if (kernel.Name == fault.Hangs)
            {
                _hangs = true;
                owner._hanging.TrySetResult();
                Thread.Sleep(Timeout.Infinite);
            }

            if (fault.Kernel is null || !kernel.Name.StartsWith(fault.Kernel, StringComparison.Ordinal))
            {
                inner.Start(kernel, groups, arguments);
                return;
            }

            // The last argument of these kernels says what is done in the end: an activation, a mask. Products on
            // tensor cores have their panels and splits behind it.
            GpuArgument[] wrong = arguments.ToArray();
            int last = wrong.Length - (wrong[^1].IsBuffer ? 5 : 1);
            wrong[last] = wrong[last].Bits ^ 1;
            inner.Start(kernel, groups, wrong);
        }

        protected override void CopyIn(GpuBuffer destination, ReadOnlySpan<byte> bytes)
        {
            RefuseWhereBroken();
            inner.Write(destination, bytes);
        }

        protected override void CopyOut(GpuBuffer source, Span<byte> bytes)
        {
            RefuseWhereBroken();
            inner.Read(source, bytes);
        }

        protected override void Dispose(bool disposing)
        {
            Assert.False(_hangs, "The device was released, which waits for the kernel that hangs.");
            inner.Dispose();
        }

        private void RefuseWhereBroken()
        {
            if (_broken)
            {
                throw new PerCoException("cuStreamSynchronize: CUDA_ERROR_ILLEGAL_ADDRESS.");
            }
        }
    }
}
