using System.Diagnostics.CodeAnalysis;
using PerCo.Engine.Tensors;

namespace PerCo.Engine.Weights;

/// <summary>
/// The safetensors of one network's folder, as diffusers and transformers lay them out: one file, or shards with an
/// index that says which tensor lies in which.
/// </summary>
internal sealed class WeightFolder : IWeightSource, IDisposable
{
    // In the order in which they are preferred. The fp16 names are diffusers' "variant" files.
    private static readonly string[] Stems =
    [
        "diffusion_pytorch_model", "model", "diffusion_pytorch_model.fp16", "model.fp16",
    ];

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
        foreach (string stem in Stems)
        {
            string file = Path.Combine(folder, stem + ".safetensors");
            if (File.Exists(file))
            {
                return OpenFile(file);
            }

            string index = file + ".index.json";
            if (File.Exists(index))
            {
                return OpenShards(folder, index);
            }
        }

        throw Nothing(folder);
    }

    /// <summary>Whether a folder has weights that <see cref="Open"/> would take.</summary>
    public static bool Exists(string folder) => Stems.Any(stem =>
        File.Exists(Path.Combine(folder, stem + ".safetensors"))
        || File.Exists(Path.Combine(folder, stem + ".safetensors.index.json")));

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
        name.EndsWith(".safetensors", StringComparison.Ordinal) && name.AsSpan().IndexOfAny(@"/\:") < 0
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
            ? $"{folder}: no weights, expected {Stems[0]}.safetensors or {Stems[1]}.safetensors, or an index of "
                + "shards. Is the model folder complete?"
            : $"{folder}: only {Path.GetFileName(other)}, which is not read because such files can run code. "
                + "Convert the model with weights-converter/convert.py.");
    }
}
