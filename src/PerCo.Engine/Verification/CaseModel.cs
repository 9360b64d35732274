using PerCo.Engine.Weights;

namespace PerCo.Engine.Verification;

/// <summary>A network's folder in a case: config.json, and real or synthetic weights.</summary>
internal sealed class CaseModel : IDisposable
{
    private readonly IDisposable? _files;

    private CaseModel(string folder, IWeightSource weights)
    {
        Folder = folder;
        Weights = weights;
        _files = weights as IDisposable;
        Config = ConfigReader.Load(Path.Combine(folder, "config.json"));
    }

    /// <summary>The folder.</summary>
    public string Folder { get; }

    /// <summary>The network's configuration.</summary>
    public ConfigReader Config { get; }

    /// <summary>The checkpoint.</summary>
    public IWeightSource Weights { get; }

    /// <summary>Opens a folder.</summary>
    /// <param name="folder">Has config.json, and weights or parameters.json.</param>
    /// <param name="tag">What the names of synthetic values begin with.</param>
    /// <exception cref="PerCoException">A file is missing or damaged.</exception>
    public static CaseModel Open(string folder, string tag)
    {
        string parameters = Path.Combine(folder, "parameters.json");
        IWeightSource weights = !WeightFolder.Exists(folder) && File.Exists(parameters)
            ? SyntheticWeights.Load(parameters, tag)
            : WeightFolder.Open(folder);
        try
        {
            return new CaseModel(folder, weights);
        }
        catch
        {
            (weights as IDisposable)?.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _files?.Dispose();
}
