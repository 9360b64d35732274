using System.Diagnostics;

namespace PerCo.Engine.Backends.Gpu;

/// <summary>
/// An open device with one queue, which runs everything in the order that it was given. Errors of the driver are
/// <see cref="PerCoException"/>s with the call and the name of its status.
/// </summary>
internal abstract class GpuDevice(GpuDeviceInfo info) : IDisposable
{
    private LaunchList? _recording;
    private long _held;

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
    public void Write(GpuBuffer destination, ReadOnlySpan<byte> bytes)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes.Length, destination.Bytes, nameof(bytes));
        RefuseWhileRecording();
        if (!bytes.IsEmpty)
        {
            CopyIn(destination, bytes);
        }
    }

    /// <summary>Copies from the device, after all work given before.</summary>
    public void Read(GpuBuffer source, Span<byte> bytes)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes.Length, source.Bytes, nameof(bytes));
        RefuseWhileRecording();
        if (!bytes.IsEmpty)
        {
            CopyOut(source, bytes);
        }
    }

    /// <summary>Builds or loads a program.</summary>
    public abstract GpuModule Load(GpuProgram program);

    /// <summary>Starts a kernel; its work-groups have the one dimension that <see cref="GpuKernel"/> says.</summary>
    /// <param name="kernel">A kernel of this device.</param>
    /// <param name="groups">Number of work-groups, all at least 1.</param>
    /// <param name="arguments">In the order of the kernel's parameters.</param>
    public void Launch(GpuKernel kernel, GpuGroups groups, ReadOnlySpan<GpuArgument> arguments)
    {
        if (_recording is { } list)
        {
            list.Add(kernel, groups, arguments);
        }
        else
        {
            Start(kernel, groups, arguments);
        }
    }

    /// <summary>
    /// Collects the launches of some work instead of starting them. The buffers that they name must keep their content
    /// for as long as it is replayed.
    /// </summary>
    /// <exception cref="InvalidOperationException">The work copies between host and device.</exception>
    public GpuRecording Record(Action work)
    {
        RefuseWhileRecording();
        var list = new LaunchList(this);
        _recording = list;
        try
        {
            work();
        }
        finally
        {
            _recording = null;
        }

        return Compile(list);
    }

    /// <summary>Starts a kernel now.</summary>
    internal abstract void Start(GpuKernel kernel, GpuGroups groups, ReadOnlySpan<GpuArgument> arguments);

    /// <summary>Replays a recording and waits: the time that it took.</summary>
    public virtual TimeSpan Time(GpuRecording recording)
    {
        Finish();
        long start = Stopwatch.GetTimestamp();
        recording.Replay();
        Finish();
        return Stopwatch.GetElapsedTime(start);
    }

    /// <summary>
    /// Bytes of device memory that can be held, what is held already included; an estimate where the driver does not
    /// say.
    /// </summary>
    public abstract long UsableMemory { get; }

    /// <summary>Whether a kernel on it does not come to an end: everything else would wait for that for ever.</summary>
    public bool IsAbandoned { get; private set; }

    /// <summary>
    /// Gives the device up. Its backend releases neither it nor what lies on it any more: the system does that when the
    /// process ends.
    /// </summary>
    public void Abandon() => IsAbandoned = true;

    /// <summary>Bytes of device memory that are held now.</summary>
    public long Held => Interlocked.Read(ref _held);

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

    /// <summary><see cref="Write"/> of at least a byte.</summary>
    protected abstract void CopyIn(GpuBuffer destination, ReadOnlySpan<byte> bytes);

    /// <summary><see cref="Read"/> of at least a byte.</summary>
    protected abstract void CopyOut(GpuBuffer source, Span<byte> bytes);

    /// <summary>The fastest form in which the driver repeats launches: the list itself where there is none.</summary>
    protected virtual GpuRecording Compile(LaunchList list) => list;

    /// <summary>Counts a buffer that the driver has given.</summary>
    protected void CountHeld(long bytes) => Interlocked.Add(ref _held, bytes);

    /// <summary>What <see cref="GpuBuffer.Released"/> is.</summary>
    protected void CountRelease(long bytes) => Interlocked.Add(ref _held, -bytes);

    private void RefuseWhileRecording()
    {
        if (_recording is not null)
        {
            throw new InvalidOperationException("Launches are being recorded: nothing may be copied.");
        }
    }
}

/// <summary>Numbers of work-groups.</summary>
/// <param name="X">Along the first dimension, the fastest.</param>
/// <param name="Y">Along the second, at most 65535.</param>
/// <param name="Z">Along the third, at most 65535.</param>
internal readonly record struct GpuGroups(int X, int Y = 1, int Z = 1)
{
    private const int MostAlongY = 65535;

    /// <summary>
    /// Tiles of rows along the second dimension and, where they are too many for it, the third: ROW_GRP in
    /// kernels/portable.h. Some of the last may be beyond the last row.
    /// </summary>
    /// <param name="x">Groups along the first dimension.</param>
    /// <param name="tiles">Tiles of rows, at least 1.</param>
    public static GpuGroups OfRows(int x, int tiles)
    {
        int z = (tiles + MostAlongY - 1) / MostAlongY;
        return new GpuGroups(x, (tiles + z - 1) / z, z);
    }
}
