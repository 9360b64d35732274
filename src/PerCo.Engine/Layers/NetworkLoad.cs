using PerCo.Engine.Backends;
using PerCo.Engine.Weights;

namespace PerCo.Engine.Layers;

/// <summary>
/// A network being built from a checkpoint. What was prepared is freed when this is disposed of, unless
/// <see cref="Complete"/> was reached: a network that cannot be built leaves nothing behind.
/// </summary>
/// <param name="backend">Where the network will run.</param>
/// <param name="source">The checkpoint, which must stay open as long as the network is in use.</param>
/// <param name="lease">Receives the prepared weights.</param>
/// <param name="taps">Where layers hand out intermediate results; null where nobody can ask for them.</param>
internal sealed class NetworkLoad(Backend backend, IWeightSource source, WeightLease lease, Taps? taps = null)
    : IDisposable
{
    private readonly WeightScope _weights = new(source);
    private bool _complete;

    /// <summary>The checkpoint's root, for the network's layers.</summary>
    public LayerScope Root => new(backend, _weights, lease) { Taps = taps };

    /// <summary>The network has all its layers, and owns their weights from now on.</summary>
    /// <param name="ignored">See <see cref="WeightScope.RequireAllUsed"/>.</param>
    /// <exception cref="PerCoException">Tensors that nothing has read.</exception>
    public void Complete(params ReadOnlySpan<string> ignored)
    {
        _weights.RequireAllUsed(ignored);
        _complete = true;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!_complete)
        {
            lease.Dispose();
        }
    }
}
