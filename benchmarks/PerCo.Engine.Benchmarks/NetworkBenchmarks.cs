using BenchmarkDotNet.Attributes;
using PerCo.Engine.Backends.Cpu;
using PerCo.Engine.Peers;
using PerCo.Engine.Peers.Engine;

namespace PerCo.Engine.Benchmarks;

/// <summary>A whole network as the comparison with other implementations runs it.</summary>
public sealed record NetworkCase : IOpShape
{
    internal NetworkCase(Row row) => Row = row;

    /// <inheritdoc/>
    public double Operations => Row.Operations;

    /// <inheritdoc/>
    public double Bytes => Row.Bytes;

    internal Row Row { get; }

    /// <inheritdoc/>
    public override string ToString() => Row.Line;
}

/// <summary>
/// Whole networks on all threads: one U-Net step, one VAE decode and one captioner token at published width with
/// synthetic weights, and decoding a photograph with PerCo-Mini.
/// </summary>
[OpBenchmark(isNetwork: true)]
public class NetworkBenchmarks : IDisposable
{
    private readonly CpuBackend _backend = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("perco-benchmark-").FullName;
    private EngineWork? _work;

    /// <summary>The networks among the rows of the comparison.</summary>
    public static IEnumerable<NetworkCase> Cases =>
        from row in Catalogue.Rows
        where row.Group is "unet" or "vae-decode" or "token" or "perco-mini"
        select new NetworkCase(row);

    /// <summary>The case.</summary>
    [ParamsSource(nameof(Cases))]
    public NetworkCase Case { get; set; } = Cases.First();

    /// <summary>Loads the network.</summary>
    [GlobalSetup]
    public void Setup()
    {
        string line = Case.Row.Line;
        if (Case.Row.Group == "perco-mini")
        {
            string root = RepositoryRoot.Find(), file = Path.Combine(_folder, "picture.perco");
            string model = Path.Combine(root, "models", "perco-mini");
            DecodeWork.Encode(_backend, model, Path.Combine(root, "examples", "kodim23.png"), file);
            line += $" model={model} file={file}";
        }

        _work = EngineWork.Prepare(new WorkLine(line), _backend);
    }

    /// <summary>Frees it.</summary>
    [GlobalCleanup]
    public void Dispose()
    {
        _work?.Dispose();
        _backend.Dispose();
        Directory.Delete(_folder, recursive: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>One pass.</summary>
    [Benchmark]
    public void Pass() => _work!.Run();
}
