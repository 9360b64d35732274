using PerCo.Engine.Backends;
using PerCo.Engine.Tensors;
using PerCo.Engine.Weights;

namespace PerCo.Engine.Verification;

/// <summary>The inputs and outputs of a case: the arrays of one safetensors file, in the original layout.</summary>
internal sealed class CaseArrays(SafetensorsFile file) : IDisposable
{
    private readonly HashSet<string> _names = [.. file.Keys];

    /// <summary>The names of all arrays, sorted.</summary>
    public IEnumerable<string> Names => _names.Order(StringComparer.Ordinal);

    /// <summary>Whether there is an array of a name.</summary>
    public bool Has(string name) => _names.Contains(name);

    /// <summary>An array.</summary>
    /// <exception cref="PerCoException">There is none of that name.</exception>
    public HostTensor this[string name] => file.TryGet(name, out HostTensor? array)
        ? array
        : throw new PerCoException($"{file.Name}: array '{name}' is missing. Is the case complete?");

    /// <summary>The shape of an array, in the original layout.</summary>
    public Shape ShapeOf(string name) => this[name].Shape;

    /// <summary>Values in the original layout.</summary>
    public float[] Floats(string name) => this[name].ToFloats();

    /// <summary>Integers.</summary>
    public long[] Integers(string name) => this[name].ToInt64s();

    /// <summary>Integers of 32 bits: ids and indices.</summary>
    /// <exception cref="PerCoException">One of them has more bits.</exception>
    public int[] Indices(string name) => Array.ConvertAll(Integers(name), value => value is >= 0 and <= int.MaxValue
        ? (int)value
        : throw new PerCoException($"{this[name].Name} holds {value}, expected an index."));

    /// <summary>An array on a backend, with the channels moved innermost where there are four extents.</summary>
    public Tensor Upload(Backend backend, string name)
    {
        HostTensor array = this[name];
        return backend.Upload(
            PlanarLayout.ToChannelsLast(array.Shape), PlanarLayout.ToChannelsLast(array.Shape, array.ToFloats()));
    }

    /// <summary>
    /// The suffixes of arrays of a name: for "mean" the 0 and 1 of mean0 and mean1, "" for mean itself. In order.
    /// </summary>
    public IEnumerable<string> SuffixesOf(params IReadOnlyList<string> stems) => stems
        .SelectMany(stem => _names
            .Where(name => name.StartsWith(stem, StringComparison.Ordinal))
            .Select(name => name[stem.Length..]))
        .Where(suffix => suffix.All(char.IsAsciiDigit))
        .Distinct()
        .OrderBy(suffix => suffix.Length).ThenBy(suffix => suffix, StringComparer.Ordinal);

    /// <inheritdoc/>
    public void Dispose() => file.Dispose();
}
