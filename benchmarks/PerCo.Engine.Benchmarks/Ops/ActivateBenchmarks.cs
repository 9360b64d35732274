using BenchmarkDotNet.Attributes;
using PerCo.Engine.Tensors.Ops;

namespace PerCo.Engine.Benchmarks.Ops;

/// <summary>Activations on their own.</summary>
[OpBenchmark]
public class ActivateBenchmarks() : MapBenchmarks(2)
{
    /// <summary>What it computes.</summary>
    [Params(Activation.Silu, Activation.Gelu, Activation.QuickGelu, Activation.Relu)]
    public Activation Activation { get; set; }

    /// <summary>The op.</summary>
    [Benchmark]
    public void Activate() => Backend.Activate(X, Activation).Dispose();
}
