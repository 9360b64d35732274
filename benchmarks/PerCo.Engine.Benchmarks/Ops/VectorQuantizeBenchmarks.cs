using BenchmarkDotNet.Attributes;
using PerCo.Engine.Backends.Cpu;
using PerCo.Engine.Tensors;

namespace PerCo.Engine.Benchmarks.Ops;

/// <summary>positions, codes × channels.</summary>
public sealed record QuantizeShape(int Positions, int Codes, int Channels) : IOpShape
{
    /// <inheritdoc/>
    public double Operations => 2.0 * Positions * Codes * Channels;

    /// <inheritdoc/>
    public override string ToString() => $"{Positions} of {Codes}x{Channels}";
}

/// <summary>Vector quantisation at the rates of PerCo, all threads.</summary>
[OpBenchmark]
public class VectorQuantizeBenchmarks : IDisposable
{
    private readonly CpuBackend _backend = new();
    private CodebookWeights? _codebook;
    private Tensor? _x;
    private int[] _indices = [];

    /// <summary>A picture of 512×512 at several rates.</summary>
    public static IEnumerable<QuantizeShape> Shapes =>
        [new(4096, 256, 32), new(1024, 8196, 32), new(4096, 8196, 8), new(64, 256, 32)];

    /// <summary>The case.</summary>
    [ParamsSource(nameof(Shapes))]
    public QuantizeShape Shape { get; set; } = new(1, 1, 1);

    /// <summary>Prepares operands.</summary>
    [GlobalSetup]
    public void Setup()
    {
        _codebook = _backend.PrepareCodebook(Operands.Weight(Shape.Codes, Shape.Channels));
        _x = _backend.Upload(
            new Shape(1, Shape.Positions, Shape.Channels), Operands.Values((long)Shape.Positions * Shape.Channels));
        _indices = new int[Shape.Positions];
    }

    /// <summary>Frees operands.</summary>
    [GlobalCleanup]
    public void Dispose()
    {
        _x?.Dispose();
        _codebook?.Dispose();
        _backend.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>The op.</summary>
    [Benchmark]
    public void VectorQuantize() => _backend.VectorQuantize(_x!, _codebook!, _indices);
}
