using BenchmarkDotNet.Attributes;
using PerCo.Engine.Tensors.Ops;

namespace PerCo.Engine.Benchmarks.Ops;

/// <summary>Group normalisation: reads twice, writes once.</summary>
[OpBenchmark]
public class GroupNormBenchmarks() : MapBenchmarks(3)
{
    /// <summary>What it computes.</summary>
    [Params(Activation.None, Activation.Silu)]
    public Activation Activation { get; set; }

    /// <summary>The op.</summary>
    [Benchmark]
    public void GroupNorm() =>
        Backend.GroupNorm(X, Weights, Math.Min(32, Shape.Channels / 2), 1e-5f, Activation).Dispose();
}
