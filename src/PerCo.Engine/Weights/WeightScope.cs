using PerCo.Engine.Tensors;

namespace PerCo.Engine.Weights;

/// <summary>
/// A prefix into a checkpoint: <c>scope["down_blocks"][0]["resnets"][1]["conv1"]</c> is the checkpoint's own path, so
/// no table renames anything. Remembers what was read, so that nothing is missed or left over silently.
/// </summary>
internal sealed class WeightScope
{
    private readonly IWeightSource _source;
    private readonly HashSet<string> _used;
    private readonly string _prefix;

    /// <summary>The root of a checkpoint.</summary>
    public WeightScope(IWeightSource source)
        : this(source, [], "")
    {
    }

    private WeightScope(IWeightSource source, HashSet<string> used, string prefix)
    {
        _source = source;
        _used = used;
        _prefix = prefix;
    }

    /// <summary>Where this scope points to, as errors say it.</summary>
    public string Path => $"{_source.Name}: {(_prefix.Length == 0 ? "(root)" : _prefix)}";

    /// <summary>The checkpoint path without the source's name; empty at the root.</summary>
    internal string Prefix => _prefix;

    /// <summary>The scope below a name.</summary>
    public WeightScope this[string name] => new(_source, _used, Key(name));

    /// <summary>The scope of the n-th entry of a list.</summary>
    public WeightScope this[int index] => this[index.ToString(System.Globalization.CultureInfo.InvariantCulture)];

    /// <summary>Whether a tensor exists.</summary>
    public bool Has(string name) => _source.TryGet(Key(name), out _);

    /// <summary>Whether anything exists below a name.</summary>
    public bool HasScope(string name)
    {
        string prefix = Key(name) + ".";
        return _source.Keys.Any(key => key.StartsWith(prefix, StringComparison.Ordinal));
    }

    /// <summary>A tensor of any shape.</summary>
    /// <exception cref="PerCoException">There is none of that name.</exception>
    public HostTensor Get(string name)
    {
        string key = Key(name);
        if (!_source.TryGet(key, out HostTensor? tensor))
        {
            throw new PerCoException(
                $"{_source.Name}: tensor '{key}' is missing. Is this the right network, and the whole checkpoint?");
        }

        _used.Add(key);
        return tensor;
    }

    /// <summary>A tensor of the given shape.</summary>
    /// <exception cref="PerCoException">There is none of that name, or it has another shape.</exception>
    public HostTensor Get(string name, Shape expected)
    {
        HostTensor tensor = Get(name);
        return tensor.Shape == expected
            ? tensor
            : throw new PerCoException(
                $"{_source.Name}: tensor '{Key(name)}' is {tensor.Shape}, expected {expected}. "
                + "Do config.json and the weights belong together?");
    }

    /// <summary>
    /// Throws unless every tensor was read or begins with one of the names that the network lists as ignored (never
    /// read by inference) or tied (a copy of another).
    /// </summary>
    /// <exception cref="PerCoException">Tensors that nothing reads.</exception>
    public void RequireAllUsed(params ReadOnlySpan<string> ignored)
    {
        var left = new List<string>();
        foreach (string key in _source.Keys)
        {
            bool skip = _used.Contains(key);
            foreach (string name in ignored)
            {
                skip |= key == name || key.StartsWith(name + ".", StringComparison.Ordinal);
            }

            if (!skip)
            {
                left.Add(key);
            }
        }

        if (left.Count > 0)
        {
            left.Sort(StringComparer.Ordinal);
            throw new PerCoException(
                $"{_source.Name}: {left.Count} unused tensor(s), the first '{left[0]}'. "
                + "Does config.json describe this checkpoint?");
        }
    }

    private string Key(string name) => _prefix.Length == 0 ? name : $"{_prefix}.{name}";
}
