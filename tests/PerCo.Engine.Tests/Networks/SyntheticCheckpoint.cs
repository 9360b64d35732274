using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using PerCo.Engine.Tensors;
using PerCo.Engine.Verification;
using PerCo.Engine.Weights;

namespace PerCo.Engine.Tests.Networks;

/// <summary>
/// A checkpoint of synthetic values with the names and shapes of a <c>parameters.json</c>. Tensors are made anew each
/// time they are asked for, so that networks of full width take no memory twice.
/// </summary>
internal sealed class SyntheticCheckpoint : IWeightSource
{
    private const string Tag = "dev/";

    private readonly Dictionary<string, Shape> _shapes = new(StringComparer.Ordinal);

    public SyntheticCheckpoint(string path)
    {
        Name = path;
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(path));
        foreach (JsonProperty entry in json.RootElement.EnumerateObject())
        {
            _shapes[entry.Name] = new Shape([.. entry.Value.EnumerateArray().Select(e => e.GetInt32())]);
        }
    }

    public string Name { get; }

    public IEnumerable<string> Keys => _shapes.Keys;

    public bool TryGet(string key, [NotNullWhen(true)] out HostTensor? tensor)
    {
        tensor = _shapes.TryGetValue(key, out Shape shape)
            ? HostTensor.FromFloats(key, shape, SyntheticTensors.Parameter(Tag + key, shape))
            : null;
        return tensor is not null;
    }

    /// <summary>An input of a case, all values times <paramref name="scale"/>.</summary>
    public static float[] Input(string name, Shape shape, float scale)
    {
        float[] values = SyntheticTensors.Tensor(Tag + name, shape);
        for (int i = 0; i < values.Length; i++)
        {
            values[i] *= scale;
        }

        return values;
    }

    /// <summary>All tensors, made once.</summary>
    public InMemoryWeights ToMemory()
    {
        var result = new InMemoryWeights(Name);
        foreach (string key in Keys)
        {
            TryGet(key, out HostTensor? tensor);
            result.Add(key, tensor!);
        }

        return result;
    }
}
