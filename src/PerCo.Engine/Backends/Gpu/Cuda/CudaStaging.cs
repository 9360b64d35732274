namespace PerCo.Engine.Backends.Gpu.Cuda;

/// <summary>
/// Page-locked host memory on the way to the device: the host fills one buffer while the device reads the other, and
/// the caller's memory is free as soon as it was copied here.
/// </summary>
internal sealed unsafe class CudaStaging : IDisposable
{
    private const int Buffers = 2;
    private const int BufferBytes = 16 << 20;

    // CU_EVENT_DISABLE_TIMING: nobody asks how long a copy took.
    private const int WithoutTime = 2;

    private readonly CudaDevice _device;
    private readonly nint[] _memory = new nint[Buffers];
    private readonly nint[] _events = new nint[Buffers];
    private readonly bool[] _busy = new bool[Buffers];
    private int _next;

    /// <summary>Takes the memory of a device whose context is current.</summary>
    public CudaStaging(CudaDevice device)
    {
        _device = device;
        try
        {
            for (int i = 0; i < Buffers; i++)
            {
                nint value;
                CudaException.Check(device.Api, device.Api.MemAllocHost(&value, BufferBytes), "cuMemAllocHost");
                _memory[i] = value;
                CudaException.Check(device.Api, device.Api.EventCreate(&value, WithoutTime), "cuEventCreate");
                _events[i] = value;
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Copies to the device, in the stream's order.</summary>
    public void Copy(ReadOnlySpan<byte> bytes, nint destination, nint stream)
    {
        CudaApi api = _device.Api;
        while (!bytes.IsEmpty)
        {
            if (_busy[_next])
            {
                CudaException.Check(api, api.EventSynchronize(_events[_next]), "cuEventSynchronize of an upload");
            }

            int count = Math.Min(bytes.Length, BufferBytes);
            bytes[..count].CopyTo(new Span<byte>((void*)_memory[_next], count));
            CudaException.Check(
                api, api.CopyToDevice(destination, (void*)_memory[_next], (nuint)count, stream), "cuMemcpyHtoDAsync");
            CudaException.Check(api, api.EventRecord(_events[_next], stream), "cuEventRecord");
            _busy[_next] = true;
            _next = (_next + 1) % Buffers;
            destination += count;
            bytes = bytes[count..];
        }
    }

    /// <summary>Frees the memory; the stream has been waited for.</summary>
    public void Dispose()
    {
        for (int i = 0; i < Buffers; i++)
        {
            if (_events[i] != 0)
            {
                _ = _device.Api.EventDestroy(_events[i]);
            }

            if (_memory[i] != 0)
            {
                _ = _device.Api.MemFreeHost(_memory[i]);
            }

            _events[i] = _memory[i] = 0;
        }
    }
}
