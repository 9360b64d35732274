using PerCo.Engine.Backends;
using PerCo.Engine.Tensors;

namespace PerCo.Engine.Networks.Blip2;

/// <summary>The keys and values of all positions so far, so that each new token costs one position only.</summary>
internal sealed class KeyValueCache : IDisposable
{
    private readonly Tensor[] _layers;

    /// <summary>Makes an empty cache.</summary>
    /// <param name="backend">Where the language model runs.</param>
    /// <param name="config">The language model.</param>
    /// <param name="capacity">Most positions that will be added.</param>
    public KeyValueCache(Backend backend, OptConfig config, int capacity)
    {
        Capacity = capacity;
        _layers = new Tensor[config.Layers];
        try
        {
            for (int i = 0; i < _layers.Length; i++)
            {
                _layers[i] = backend.Allocate(new Shape(1, capacity, 2 * config.HiddenSize));
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Most positions that fit.</summary>
    public int Capacity { get; }

    /// <summary>Positions so far, in every layer.</summary>
    public int Length { get; set; }

    /// <summary>A layer's keys, then its values: [1, capacity, 2 · hidden].</summary>
    public Tensor this[int layer] => _layers[layer];

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Tensor? layer in _layers)
        {
            layer?.Dispose();
        }
    }
}
