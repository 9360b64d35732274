using System.Diagnostics.CodeAnalysis;
using PerCo.Engine.Tensors;

namespace PerCo.Engine.Weights;

/// <summary>
/// The safetensors of one network's folder, as diffusers and transformers lay them out: one file, or shards with an
/// index that says which tensor lies in which.
/// </summary>
internal sealed class WeightFolder : IWeightSource, IDisposable
{
    private const string Ending = ".safetensors";

    // Of one file, and of an index of shards, before the name of a variant; in the order in which they are preferred.
    private static readonly string[] Stems = ["diffusion_pytorch_model", "model"];

    private const string PreferredVariant = "fp16";

    private static readonly string[] Unsafe = [".bin", ".ckpt", ".pth", ".pt", ".msgpack", ".h5"];

    private readonly List<SafetensorsFile> _files = [];
    private readonly Dictionary<string, SafetensorsFile> _tensors = new(StringComparer.Ordinal);

    private WeightFolder(string name) => Name = name;

    /// <summary>The file, or the index of the shards.</summary>
    public string Name { get; }

    /// <inheritdoc/>
    public IEnumerable<string> Keys => _tensors.Keys;

    /// <summary>Opens the weights in a folder.</summary>
    /// <param name="folder">The folder of one network: <c>model/unet</c>, say.</param>
    /// <exception cref="PerCoException">There are none, or they are damaged or incomplete.</exception>
    public static WeightFolder Open(string folder)
    {
        return Find(folder) is not { } name ? throw Nothing(folder)
            : name.EndsWith(Ending, StringComparison.Ordinal) ? OpenFile(Path.Combine(folder, name))
            : OpenShards(folder, Path.Combine(folder, name));
    }

    /// <summary>Whether a folder has weights that <see cref="Open"/> would take.</summary>
    /// <exception cref="PerCoException">It has several, of which none is preferred.</exception>
    public static bool Exists(string folder) => Find(folder) is not null;

    /// <inheritdoc/>
    public bool TryGet(string key, [NotNullWhen(true)] out HostTensor? tensor)
    {
        tensor = null;
        return _tensors.TryGetValue(key, out SafetensorsFile? file) && file.TryGet(key, out tensor);
    }

    /// <summary>Closes the files; their tensors must no longer be in use.</summary>
    public void Dispose()
    {
        foreach (SafetensorsFile file in _files)
        {
            file.Dispose();
        }
    }

    // diffusers' "variants": model.fp16.safetensors, and model.safetensors.index.fp16.json for shards.
    private static string? Find(string folder)
    {
        if (!Directory.Exists(folder))
        {
            return null;
        }

        string[] present = [.. Directory.EnumerateFiles(folder).Select(file => Path.GetFileName(file))];
        foreach (string variant in (string[])["", "." + PreferredVariant])
        {
            foreach (string stem in Stems)
            {
                string[] names =
                [
                    stem + variant + Ending, $"{stem}{Ending}.index{variant}.json",
                    $"{stem}{variant}{Ending}.index.json",
                ];
                if (names.FirstOrDefault(present.Contains) is { } name)
                {
                    return name;
                }
            }
        }

        string[] others = [.. present.Where(IsVariant).Order(StringComparer.Ordinal)];
        return others.Length <= 1 ? others.FirstOrDefault() : throw new PerCoException(
            $"{folder}: several variants of the weights, {string.Join(", ", others)}; expected one. Rename the one "
            + $"that is wanted to {Stems[0]}{Ending}, or move the others away.");
    }

    // A name with something between stem and ending; shards belong to an index.
    private static bool IsVariant(string name)
    {
        bool index = name.Contains(Ending + ".index.", StringComparison.Ordinal)
            && name.EndsWith(".json", StringComparison.Ordinal);
        return Stems.Any(stem => name.StartsWith(stem + ".", StringComparison.Ordinal))
            && (index || (name.EndsWith(Ending, StringComparison.Ordinal)
                && !name.Contains("-of-", StringComparison.Ordinal)));
    }

    private static WeightFolder OpenFile(string path)
    {
        var result = new WeightFolder(path);
        SafetensorsFile file = SafetensorsFile.Open(path);
        result._files.Add(file);
        foreach (string key in file.Keys)
        {
            result._tensors.Add(key, file);
        }

        return result;
    }

    private static WeightFolder OpenShards(string folder, string index)
    {
        ConfigReader map = ConfigReader.Load(index).Section("weight_map");
        var result = new WeightFolder(index);
        try
        {
            var shards = new Dictionary<string, SafetensorsFile>(StringComparer.Ordinal);
            foreach (string key in map.Names)
            {
                string name = map.String(key, "");
                if (!shards.TryGetValue(name, out SafetensorsFile? shard))
                {
                    shard = SafetensorsFile.Open(ShardPath(folder, map, key, name));
                    shards.Add(name, shard);
                    result._files.Add(shard);
                }

                result._tensors.Add(key, shard);
            }

            result.RequireAgreement(index);
            return result;
        }
        catch
        {
            result.Dispose();
            throw;
        }
    }

    // A shard lies beside its index: a name with a path could make the program read any file.
    private static string ShardPath(string folder, ConfigReader map, string key, string name) =>
        name.EndsWith(Ending, StringComparison.Ordinal) && name.AsSpan().IndexOfAny(@"/\:") < 0
            ? Path.Combine(folder, name)
            : throw map.Error(key, $"is '{name}', expected the plain name of a .safetensors file beside the index");

    private void RequireAgreement(string index)
    {
        if (_tensors.Count == 0)
        {
            throw new PerCoException($"{index}: 'weight_map' names no tensors. Fetch the file again.");
        }

        foreach ((string key, SafetensorsFile shard) in _tensors)
        {
            if (!shard.TryGet(key, out _))
            {
                throw new PerCoException(
                    $"{index}: tensor '{key}' should lie in {Path.GetFileName(shard.Name)}, which lacks it. "
                    + "Do index and shards belong together?");
            }
        }

        foreach (SafetensorsFile shard in _files)
        {
            foreach (string key in shard.Keys)
            {
                if (!_tensors.TryGetValue(key, out SafetensorsFile? listed) || listed != shard)
                {
                    throw new PerCoException(
                        $"{shard.Name}: tensor '{key}' is not what {Path.GetFileName(index)} lists for this shard. "
                        + "Do index and shards belong together?");
                }
            }
        }
    }

    private static PerCoException Nothing(string folder)
    {
        if (!Directory.Exists(folder))
        {
            return new PerCoException($"{folder}: no such folder. Is the model folder complete?");
        }

        string? other = Directory.EnumerateFiles(folder)
            .Where(f => Unsafe.Contains(Path.GetExtension(f), StringComparer.OrdinalIgnoreCase))
            .Order(StringComparer.Ordinal).FirstOrDefault();
        return new PerCoException(other is null
            ? $"{folder}: no weights, expected {Stems[0]}{Ending} or {Stems[1]}{Ending}, or an index of "
                + "shards. Is the model folder complete?"
            : $"{folder}: only {Path.GetFileName(other)}, which is not read because such files can run code. "
                + "Convert the model with weights-converter/convert.py.");
    }
}
