using BenchmarkDotNet.Attributes;

namespace PerCo.Engine.Benchmarks.Ops;

/// <summary>Sum of two maps.</summary>
[OpBenchmark]
public class AddBenchmarks() : MapBenchmarks(3)
{
    /// <summary>The op.</summary>
    [Benchmark]
    public void Add() => Backend.Add(X, X).Dispose();
}
