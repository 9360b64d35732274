using BenchmarkDotNet.Attributes;
using PerCo.Engine.Backends.Cpu;
using PerCo.Engine.Tensors;

namespace PerCo.Engine.Benchmarks.Ops;

/// <summary>Tokens of some channels, read out of a projection that is three times as wide.</summary>
public sealed record TokenShape(int Tokens, int Channels) : IOpShape
{
    /// <inheritdoc/>
    public double Bytes => 2.0 * Tokens * Channels * sizeof(float);

    /// <inheritdoc/>
    public override string ToString() => $"{Tokens}x{Channels}";
}

/// <summary>Filling a key-value cache, all threads.</summary>
[OpBenchmark]
public class CopyTokensBenchmarks : IDisposable
{
    private readonly CpuBackend _backend = new();
    private Tensor? _source;
    private Tensor? _cache;

    /// <summary>A token and a prompt of the captioner.</summary>
    public static IEnumerable<TokenShape> Shapes => [new(1, 2560), new(64, 2560)];

    /// <summary>The case.</summary>
    [ParamsSource(nameof(Shapes))]
    public TokenShape Shape { get; set; } = new(1, 1);

    /// <summary>Prepares operands.</summary>
    [GlobalSetup]
    public void Setup()
    {
        var fused = new Shape(1, Shape.Tokens, 3 * Shape.Channels);
        _source = _backend.Upload(fused, Operands.Values(fused.Count));
        _cache = _backend.Allocate(new Shape(1, Shape.Tokens + 32, Shape.Channels));
    }

    /// <summary>Frees operands.</summary>
    [GlobalCleanup]
    public void Dispose()
    {
        _source?.Dispose();
        _cache?.Dispose();
        _backend.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>The op.</summary>
    [Benchmark]
    public void CopyTokens() => _backend.CopyTokens(
        new ChannelSlice(_source!, Shape.Channels, Shape.Channels), 0, Shape.Tokens, _cache!, 32);
}
