using BenchmarkDotNet.Attributes;

namespace PerCo.Engine.Benchmarks.Ops;

/// <summary>Twice the height and width.</summary>
[OpBenchmark]
public class UpsampleNearestBenchmarks() : MapBenchmarks(5)
{
    /// <summary>The op.</summary>
    [Benchmark]
    public void UpsampleNearest() => Backend.UpsampleNearest(X, 2 * Shape.Height, 2 * Shape.Width).Dispose();
}
