using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using PerCo.Engine.Tensors;
using PerCo.Engine.Verification;
using PerCo.Engine.Weights;

namespace PerCo.Engine.Tests.Networks;

/// <summary>A checkpoint whose values follow from its tensors' names, as the reference cases fill theirs.</summary>
internal sealed class SyntheticWeights : IWeightSource
{
    private const string Tag = "dev/";

    private readonly Dictionary<string, HostTensor> _tensors = [];

    /// <summary>Fills what a parameters.json lists.</summary>
    public SyntheticWeights(string parametersJson)
    {
        Name = parametersJson;
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(parametersJson));
        foreach (JsonProperty entry in document.RootElement.EnumerateObject())
        {
            var shape = new Shape([.. entry.Value.EnumerateArray().Select(e => e.GetInt32())]);
            float[] values = SyntheticTensors.Parameter(Tag + entry.Name, shape);
            if (entry.Name.EndsWith("_codebook.embed", StringComparison.Ordinal))
            {
                NormaliseRows(values, shape.Channels);
            }

            _tensors[entry.Name] = HostTensor.FromFloats(entry.Name, shape, values);
        }
    }

    public string Name { get; }

    public IEnumerable<string> Keys => _tensors.Keys;

    public bool TryGet(string key, [NotNullWhen(true)] out HostTensor? tensor) => _tensors.TryGetValue(key, out tensor);

    /// <summary>Gives a tensor another name.</summary>
    public void Rename(string from, string to)
    {
        _tensors.Remove(from, out HostTensor? tensor);
        _tensors.Add(to, tensor!);
    }

    /// <summary>Puts another tensor in the place of one.</summary>
    public void Replace(string key, HostTensor tensor) => _tensors[key] = tensor;

    /// <summary>Takes a tensor away.</summary>
    public void Remove(string key) => _tensors.Remove(key);

    private static void NormaliseRows(float[] values, int length)
    {
        for (int start = 0; start < values.Length; start += length)
        {
            Span<float> row = values.AsSpan(start, length);
            double squares = 0;
            foreach (float value in row)
            {
                squares += (double)value * value;
            }

            float norm = MathF.Max((float)Math.Sqrt(squares), 1e-12f);
            foreach (ref float value in row)
            {
                value /= norm;
            }
        }
    }
}
