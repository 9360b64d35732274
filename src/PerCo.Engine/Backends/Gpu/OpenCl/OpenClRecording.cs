namespace PerCo.Engine.Backends.Gpu.OpenCl;

/// <summary>
/// Launches with a cl_kernel each, whose arguments are set once: a replay only enqueues. OpenCL 1.2 has no command
/// buffers.
/// </summary>
internal sealed unsafe class OpenClRecording : GpuRecording
{
    private readonly OpenClDevice _device;
    private readonly List<Entry> _entries = [];

    public OpenClRecording(OpenClDevice device, LaunchList list)
    {
        _device = device;
        try
        {
            foreach (LaunchList.Launch launch in list.Launches)
            {
                var kernel = (OpenClKernel)launch.Kernel;
                nint handle = OpenClModule.CreateKernel(device.Api, kernel.Program, kernel.Name);
                _entries.Add(new Entry(handle, kernel, launch.Groups));
                device.SetArguments(handle, kernel.Name, launch.Arguments);
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public override int Count => _entries.Count;

    /// <inheritdoc/>
    public override void Replay()
    {
        foreach (Entry entry in _entries)
        {
            _device.Enqueue(entry.Handle, entry.Kernel, entry.Groups);
        }

        // The first launches begin while whoever waits for the last is still on the way to it.
        _device.Flush();
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        foreach (Entry entry in _entries)
        {
            _ = _device.Api.ReleaseKernel(entry.Handle);
        }

        _entries.Clear();
    }

    private readonly record struct Entry(nint Handle, OpenClKernel Kernel, GpuGroups Groups);
}
