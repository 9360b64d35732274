namespace PerCo.Engine.Backends.Gpu;

/// <summary>
/// An open device with one queue, which runs everything in the order that it was given. Errors of the driver are
/// <see cref="PerCoException"/>s with the call and the name of its status.
/// </summary>
internal abstract class GpuDevice(GpuDeviceInfo info) : IDisposable
{
    /// <summary>What is known of it.</summary>
    public GpuDeviceInfo Info { get; } = info;

    /// <summary>Why the device does not run kernels that need more than the plain ones; null where it does.</summary>
    public virtual string? Lacks(KernelNeed need) =>
        need == KernelNeed.Nothing ? null : "needs an NVIDIA device, through CUDA";

    /// <summary>
    /// What kernels that need <see cref="KernelNeed.WarpGroups"/> must know of a matrix in panels of 16-bit numbers;
    /// null where the device runs none.
    /// </summary>
    /// <param name="matrix">The panels.</param>
    /// <param name="rows">Rows of all panels together.</param>
    public virtual GpuBuffer? DescribePanels(GpuBuffer matrix, long rows) => null;

    /// <summary>Device memory with arbitrary content.</summary>
    public abstract GpuBuffer Allocate(long bytes);

    /// <summary>Copies to the device; the host's bytes may change afterwards.</summary>
    public abstract void Write(GpuBuffer destination, ReadOnlySpan<byte> bytes);

    /// <summary>Copies from the device, after all work given before.</summary>
    public abstract void Read(GpuBuffer source, Span<byte> bytes);

    /// <summary>Builds or loads a program.</summary>
    public abstract GpuModule Load(GpuProgram program);

    /// <summary>Starts a kernel; its work-groups have the one dimension that <see cref="GpuKernel"/> says.</summary>
    /// <param name="kernel">A kernel of this device.</param>
    /// <param name="groups">Number of work-groups, all at least 1.</param>
    /// <param name="arguments">In the order of the kernel's parameters.</param>
    public abstract void Launch(GpuKernel kernel, GpuGroups groups, ReadOnlySpan<GpuArgument> arguments);

    /// <summary>The same, and waits: the time on the device.</summary>
    public abstract TimeSpan LaunchTimed(GpuKernel kernel, GpuGroups groups, ReadOnlySpan<GpuArgument> arguments);

    /// <summary>Waits for all work.</summary>
    public abstract void Finish();

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Waits for all work and releases the device; its buffers and modules are released before.</summary>
    protected abstract void Dispose(bool disposing);
}

/// <summary>Numbers of work-groups.</summary>
/// <param name="X">Along the first dimension, the fastest.</param>
/// <param name="Y">Along the second, at most 65535.</param>
/// <param name="Z">Along the third, at most 65535.</param>
internal readonly record struct GpuGroups(int X, int Y = 1, int Z = 1);
