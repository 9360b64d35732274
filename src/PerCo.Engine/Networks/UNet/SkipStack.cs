using PerCo.Engine.Tensors;

namespace PerCo.Engine.Networks.UNet;

/// <summary>Results of the down blocks, last in first out for the up blocks; owns what it holds.</summary>
internal sealed class SkipStack : IDisposable
{
    private readonly Stack<Tensor> _tensors = new();

    /// <summary>The latest result, which stays on the stack.</summary>
    public Tensor Top => _tensors.Peek();

    /// <summary>Adds a result.</summary>
    public void Push(Tensor tensor) => _tensors.Push(tensor);

    /// <summary>Takes the latest result off; the caller disposes of it.</summary>
    public Tensor Pop() => _tensors.Pop();

    /// <inheritdoc/>
    public void Dispose()
    {
        while (_tensors.TryPop(out Tensor? tensor))
        {
            tensor.Dispose();
        }
    }
}
