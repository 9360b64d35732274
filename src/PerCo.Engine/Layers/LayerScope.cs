using PerCo.Engine.Backends;
using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;
using PerCo.Engine.Weights;

namespace PerCo.Engine.Layers;

/// <summary>
/// What a layer is built from: the backend that it will run on, and the checkpoint path of its weights. Everything
/// prepared below one root is freed together, by disposing of the <see cref="WeightLease"/>.
/// </summary>
internal sealed class LayerScope(Backend backend, WeightScope weights, WeightLease lease)
{
    /// <summary>The backend that the layers will run on.</summary>
    public Backend Backend { get; } = backend;

    /// <summary>The checkpoint path.</summary>
    public WeightScope Weights { get; } = weights;

    /// <summary>Where the layers hand out intermediate results; null where nobody can ask for them.</summary>
    internal Taps? Taps { get; init; }

    /// <inheritdoc cref="Conv2dSpec.FewPositions"/>
    public bool FewPositions { get; private init; }

    /// <summary>The scope below a name.</summary>
    public LayerScope this[string name] => At(Weights[name], FewPositions);

    /// <summary>The scope of the n-th entry of a list.</summary>
    public LayerScope this[int index] => At(Weights[index], FewPositions);

    /// <summary>This scope, for a resolution of few positions or of many.</summary>
    public LayerScope WithFewPositions(bool few) => At(Weights, few);

    /// <summary>Hands prepared weights to the network that owns this scope, which frees them in the end.</summary>
    public T Own<T>(T weights)
        where T : PreparedWeights
    {
        lease.Add(weights);
        return weights;
    }

    private LayerScope At(WeightScope place, bool few) =>
        new(Backend, place, lease) { Taps = Taps, FewPositions = few };

    /// <summary>The place, under this scope's checkpoint path, where a layer reports its result.</summary>
    internal TapPoint TapHere() => new(Taps, Weights.Prefix);
}
