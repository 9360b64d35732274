using System.Diagnostics.CodeAnalysis;
using PerCo.Engine.Tensors;
using PerCo.Engine.Weights;

namespace PerCo.Engine.Tests.Networks;

/// <summary>A checkpoint that lacks one tensor.</summary>
internal sealed class WithoutTensor(IWeightSource source, string missing) : IWeightSource
{
    public string Name => source.Name;

    public IEnumerable<string> Keys => source.Keys.Where(k => k != missing);

    public bool TryGet(string key, [NotNullWhen(true)] out HostTensor? tensor)
    {
        tensor = null;
        return key != missing && source.TryGet(key, out tensor);
    }
}
