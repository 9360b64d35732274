using System.Diagnostics.CodeAnalysis;
using PerCo.Engine.Tensors;
using PerCo.Engine.Weights;

namespace PerCo.Engine.Tests.Networks;

/// <summary>Tensors held in a dictionary: small hand-made checkpoints.</summary>
internal sealed class InMemoryWeights(string name) : IWeightSource
{
    private readonly Dictionary<string, HostTensor> _tensors = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public string Name { get; } = name;

    /// <inheritdoc/>
    public IEnumerable<string> Keys => _tensors.Keys;

    /// <summary>Adds or replaces a tensor.</summary>
    public void Add(string key, HostTensor tensor) => _tensors[key] = tensor;

    /// <summary>Adds or replaces a fp32 tensor that keeps <paramref name="values"/>.</summary>
    /// <exception cref="ArgumentException">The number of values does not fit the shape.</exception>
    public void Add(string key, Shape shape, float[] values) =>
        Add(key, HostTensor.FromFloats($"{Name}: tensor '{key}'", shape, values));

    /// <inheritdoc/>
    public bool TryGet(string key, [NotNullWhen(true)] out HostTensor? tensor) => _tensors.TryGetValue(key, out tensor);
}
