using System.Diagnostics.CodeAnalysis;
using PerCo.Engine.Tensors;

namespace PerCo.Engine.Weights;

/// <summary>Named tensors: a safetensors file, its shards, or synthetic values.</summary>
internal interface IWeightSource
{
    /// <summary>Where the tensors come from, as errors say it.</summary>
    string Name { get; }

    /// <summary>The names of all tensors.</summary>
    IEnumerable<string> Keys { get; }

    /// <summary>Finds a tensor by its full name.</summary>
    bool TryGet(string key, [NotNullWhen(true)] out HostTensor? tensor);
}
