using PerCo.Engine.Tensors;

namespace PerCo.Engine.Layers;

/// <summary>
/// The tensor that flows through a chain of layers: each result replaces its input, whose memory goes back to the arena
/// at once, also when a layer throws.
/// </summary>
internal sealed class HiddenState(Tensor first) : IDisposable
{
    private Tensor? _value = first;

    /// <summary>The latest result.</summary>
    public Tensor Value => _value ?? throw new ObjectDisposedException(nameof(HiddenState));

    /// <summary>Puts a layer's result in place of its input.</summary>
    public void Next(Tensor result)
    {
        _value?.Dispose();
        _value = result;
    }

    /// <summary>Hands the latest result to the caller, who disposes of it.</summary>
    public Tensor Take()
    {
        Tensor value = Value;
        _value = null;
        return value;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _value?.Dispose();
        _value = null;
    }
}
