using BenchmarkDotNet.Attributes;

namespace PerCo.Engine.Benchmarks.Ops;

/// <summary>Normalisation of every position.</summary>
[OpBenchmark]
public class LayerNormBenchmarks() : MapBenchmarks(2)
{
    /// <summary>The op.</summary>
    [Benchmark]
    public void LayerNorm() => Backend.LayerNorm(X, Weights, 1e-5f).Dispose();
}
