using System.Diagnostics.CodeAnalysis;
using PerCo.Engine.Tensors;
using PerCo.Engine.Weights;

namespace PerCo.Engine.Tests.Networks;

/// <summary>A checkpoint's tensors, each made once, of which a test takes some away or renames some.</summary>
internal sealed class EditedWeights(IWeightSource source) : IWeightSource
{
    private readonly Dictionary<string, HostTensor> _tensors = source.Keys.ToDictionary(key => key, key =>
        source.TryGet(key, out HostTensor? tensor) ? tensor : throw new KeyNotFoundException(key));

    public string Name => source.Name;

    public IEnumerable<string> Keys => _tensors.Keys;

    public bool TryGet(string key, [NotNullWhen(true)] out HostTensor? tensor) => _tensors.TryGetValue(key, out tensor);

    /// <summary>Gives a tensor another name.</summary>
    public void Rename(string from, string to)
    {
        _tensors.Remove(from, out HostTensor? tensor);
        _tensors.Add(to, tensor!);
    }

    /// <summary>Adds a tensor, or puts it in the place of another.</summary>
    public void Replace(string key, HostTensor tensor) => _tensors[key] = tensor;

    /// <summary>Takes all tensors away whose name is as asked for.</summary>
    public void RemoveWhere(Predicate<string> isRemoved)
    {
        foreach (string key in _tensors.Keys.Where(k => isRemoved(k)).ToList())
        {
            _tensors.Remove(key);
        }
    }
}
