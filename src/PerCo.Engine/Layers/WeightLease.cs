using PerCo.Engine.Tensors;

namespace PerCo.Engine.Layers;

/// <summary>The prepared weights of one network, freed together.</summary>
internal sealed class WeightLease : IDisposable
{
    private readonly List<PreparedWeights> _weights = [];

    /// <summary>Memory that the prepared weights take, in bytes.</summary>
    public long Bytes => _weights.Sum(w => w.Bytes);

    /// <summary>Adds weights.</summary>
    public void Add(PreparedWeights weights) => _weights.Add(weights);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (PreparedWeights weights in _weights)
        {
            weights.Dispose();
        }

        _weights.Clear();
    }
}
