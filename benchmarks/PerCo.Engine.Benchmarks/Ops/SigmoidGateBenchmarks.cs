using BenchmarkDotNet.Attributes;

namespace PerCo.Engine.Benchmarks.Ops;

/// <summary>The attention block of learned codecs.</summary>
[OpBenchmark]
public class SigmoidGateBenchmarks() : MapBenchmarks(4)
{
    /// <summary>The op.</summary>
    [Benchmark]
    public void SigmoidGate() => Backend.SigmoidGate(X, X, X).Dispose();
}
