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
internal sealed class SyntheticWeights : IWeightSource
{
    private const string Tag = "dev/";

    private readonly Dictionary<string, Shape> _shapes = new(StringComparer.Ordinal);

    public SyntheticWeights(string path)
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
        if (!_shapes.TryGetValue(key, out Shape shape))
        {
            tensor = null;
            return false;
        }

        float[] values = SyntheticTensors.Parameter(Tag + key, shape);
        if (key.EndsWith("_codebook.embed", StringComparison.Ordinal))
        {
            NormaliseRows(values, shape.Channels);
        }

        tensor = HostTensor.FromFloats(key, shape, values);
        return true;
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

    // The one exception of the reference cases' filling: codes have unit length.
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
