namespace PerCo.Engine.Backends.Gpu;

/// <summary>Launches that can be repeated in order, with the arguments that they were recorded with.</summary>
internal abstract class GpuRecording : IDisposable
{
    /// <summary>Number of launches.</summary>
    public abstract int Count { get; }

    /// <summary>Starts all of them again.</summary>
    public abstract void Replay();

    /// <inheritdoc/>
    public abstract void Dispose();
}

/// <summary>A recording that starts one kernel after the other, as they were started at first.</summary>
internal sealed class LaunchList(GpuDevice device) : GpuRecording
{
    private readonly List<Launch> _launches = [];

    /// <summary>What was recorded.</summary>
    public IReadOnlyList<Launch> Launches => _launches;

    /// <inheritdoc/>
    public override int Count => _launches.Count;

    /// <summary>Adds a launch.</summary>
    public void Add(GpuKernel kernel, GpuGroups groups, ReadOnlySpan<GpuArgument> arguments) =>
        _launches.Add(new Launch(kernel, groups, arguments.ToArray()));

    /// <inheritdoc/>
    public override void Replay()
    {
        foreach (Launch launch in _launches)
        {
            device.Start(launch.Kernel, launch.Groups, launch.Arguments);
        }
    }

    /// <inheritdoc/>
    public override void Dispose() => _launches.Clear();

    /// <summary>One launch.</summary>
    internal readonly record struct Launch(GpuKernel Kernel, GpuGroups Groups, GpuArgument[] Arguments);
}
