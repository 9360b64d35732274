using BenchmarkDotNet.Attributes;
using PerCo.Engine.Backends.Cpu;
using PerCo.Engine.Tensors;

namespace PerCo.Engine.Benchmarks.Ops;

/// <summary>Token embeddings of the captioner, 2560 channels each.</summary>
[OpBenchmark]
public class EmbedBenchmarks : IDisposable
{
    private readonly CpuBackend _backend = new();
    private readonly EmbeddingWeights _table;
    private readonly int[] _ids = [.. Enumerable.Range(0, 64).Select(i => i * 7919 % 4096)];

    /// <summary>Prepares the part of the table that is used.</summary>
    public EmbedBenchmarks()
    {
        _table = _backend.PrepareEmbedding(Operands.Weight(4096, 2560));
    }

    /// <summary>A token and a prompt of the captioner.</summary>
    public static IEnumerable<TokenShape> Shapes => [new(1, 2560), new(64, 2560)];

    /// <summary>The case.</summary>
    [ParamsSource(nameof(Shapes))]
    public TokenShape Shape { get; set; } = new(1, 1);

    /// <summary>Frees operands.</summary>
    [GlobalCleanup]
    public void Dispose()
    {
        _table.Dispose();
        _backend.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>The op.</summary>
    [Benchmark]
    public void Embed() => _backend.Embed(_ids.AsSpan(0, Shape.Tokens), _table).Dispose();
}
