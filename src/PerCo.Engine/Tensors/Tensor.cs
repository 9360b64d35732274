using PerCo.Engine.Backends;

namespace PerCo.Engine.Tensors;

/// <summary>
/// An activation in a backend's memory, dense, channels innermost. The element type is the backend's own (fp32 on
/// the CPU, fp16 on most GPUs); values cross the border as fp32 through <see cref="Backend.Upload(Shape,
/// ReadOnlySpan{float})"/> and <see cref="ToFloats"/>. Disposing gives the memory back to the backend's arena.
/// </summary>
public sealed class Tensor : IDisposable
{
    private TensorStorage? _storage;

    internal Tensor(Backend backend, Shape shape, TensorStorage storage)
    {
        Backend = backend;
        Shape = shape;
        _storage = storage;
    }

    /// <summary>The backend in whose memory the values lie.</summary>
    public Backend Backend { get; }

    /// <summary>[batch, height, width, channels] or [batch, tokens, channels].</summary>
    public Shape Shape { get; }

    /// <summary>The memory.</summary>
    /// <exception cref="ObjectDisposedException">The tensor was disposed of.</exception>
    internal TensorStorage Storage => _storage ?? throw new ObjectDisposedException(nameof(Tensor), $"{Shape}");

    /// <summary>A copy of the values as fp32, in memory order.</summary>
    public float[] ToFloats()
    {
        var values = new float[Shape.Count];
        Backend.Download(this, values);
        return values;
    }

    /// <summary>Gives the memory back. Further calls do nothing.</summary>
    public void Dispose() => Interlocked.Exchange(ref _storage, null)?.Release();

    /// <summary>Hands the memory over; the tensor is as if disposed of.</summary>
    internal TensorStorage TakeStorage() =>
        Interlocked.Exchange(ref _storage, null) ?? throw new ObjectDisposedException(nameof(Tensor), $"{Shape}");

    /// <summary>
    /// The same tensor for another owner; this one is as if disposed of. What a method returns at its end, so that
    /// <c>using</c> frees it where the method throws before.
    /// </summary>
    internal Tensor Move() => new(Backend, Shape, TakeStorage());

    /// <inheritdoc/>
    public override string ToString() => $"Tensor {Shape} on {Backend.Name}";
}
