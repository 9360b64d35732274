namespace PerCo.Engine.Backends.Gpu.Cuda;

/// <summary>
/// Launches as a CUDA graph: the driver starts all of them by one call. Made by capturing the stream while the list is
/// replayed into it.
/// </summary>
internal sealed unsafe class CudaGraph : GpuRecording
{
    // CU_STREAM_CAPTURE_MODE_THREAD_LOCAL: what other threads do meanwhile does not disturb the capture.
    private const int ThreadLocal = 1;

    private readonly CudaDevice _device;
    private nint _executable;

    private CudaGraph(CudaDevice device, nint executable, int count)
    {
        _device = device;
        _executable = executable;
        Count = count;
    }

    /// <inheritdoc/>
    public override int Count { get; }

    /// <summary>Makes a graph; null where the driver is too old for one, or refuses.</summary>
    public static CudaGraph? TryCreate(CudaDevice device, nint stream, LaunchList list)
    {
        CudaApi api = device.Api;
        if (api.StreamBeginCapture == null || api.StreamEndCapture == null || api.GraphInstantiate == null
            || api.GraphLaunch == null || api.GraphExecDestroy == null || api.GraphDestroy == null)
        {
            return null;
        }

        device.MakeCurrent();
        if (api.StreamBeginCapture(stream, ThreadLocal) != 0)
        {
            return null;
        }

        nint graph = 0, executable = 0;
        int ended;
        try
        {
            list.Replay();
        }
        catch (CudaException)
        {
            // A launch that cannot be captured: the end of the capture reports it too, and the list is replayed.
        }
        finally
        {
            // Whatever happened: a stream that stays in capture refuses all that follows.
            ended = api.StreamEndCapture(stream, &graph);
        }

        bool made = ended == 0 && graph != 0 && api.GraphInstantiate(&executable, graph, 0) == 0;
        if (graph != 0)
        {
            _ = api.GraphDestroy(graph);
        }

        return made ? new CudaGraph(device, executable, list.Count) : null;
    }

    /// <inheritdoc/>
    public override void Replay()
    {
        _device.MakeCurrent();
        _device.LaunchGraph(_executable);
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        if (_executable != 0)
        {
            // The driver keeps what is still running; after an error of the device there is nothing to wait for.
            _device.TryMakeCurrent();
            _ = _device.Api.GraphExecDestroy(_executable);
            _executable = 0;
        }
    }
}
