using BenchmarkDotNet.Attributes;
using PerCo.Engine.Backends.Cpu;
using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;

namespace PerCo.Engine.Benchmarks.Ops;

/// <summary>batch × heads, queries × keys, channels of a head.</summary>
public sealed record AttentionShape(int Batch, int Heads, int Queries, int Keys, int Channels) : IOpShape
{
    /// <inheritdoc/>
    public double Operations => 4.0 * Batch * Heads * Queries * Keys * Channels;

    /// <inheritdoc/>
    public override string ToString() => $"{Batch}x{Heads} heads {Queries}x{Keys} of {Channels}";
}

/// <summary>Attention at the networks' shapes, all threads.</summary>
[OpBenchmark]
public class AttentionBenchmarks : IDisposable
{
    private readonly CpuBackend _backend = new();
    private Tensor? _q;
    private Tensor? _k;
    private Tensor? _v;

    /// <summary>
    /// Stable Diffusion 2.1's U-Net, its cross-attention and its autoencoder, the captioner's picture encoder and one
    /// of its tokens, PerCo-Mini's U-Net.
    /// </summary>
    public static IEnumerable<AttentionShape> Shapes =>
    [
        new(1, 10, 4096, 4096, 64),
        new(1, 5, 4096, 4096, 64),
        new(1, 10, 1024, 1024, 64),
        new(2, 5, 4096, 77, 64),
        new(2, 20, 256, 77, 64),
        new(1, 1, 4096, 4096, 512),
        new(1, 16, 257, 257, 88),
        new(1, 12, 32, 257, 64),
        new(1, 32, 1, 64, 80),
        new(2, 4, 1536, 1536, 24),
    ];

    /// <summary>The case.</summary>
    [ParamsSource(nameof(Shapes))]
    public AttentionShape Shape { get; set; } = new(1, 1, 1, 1, 1);

    /// <summary>Prepares operands.</summary>
    [GlobalSetup]
    public void Setup()
    {
        _q = Upload(Shape.Queries);
        _k = Upload(Shape.Keys);
        _v = Upload(Shape.Keys);
    }

    /// <summary>Frees operands.</summary>
    [GlobalCleanup]
    public void Dispose()
    {
        _q?.Dispose();
        _k?.Dispose();
        _v?.Dispose();
        _backend.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>The op.</summary>
    [Benchmark]
    public void Attention() =>
        _backend.Attention(_q!, _k!, _v!, new AttentionSpec(Shape.Heads, 1 / MathF.Sqrt(Shape.Channels))).Dispose();

    private Tensor Upload(int tokens)
    {
        var shape = new Shape(Shape.Batch, tokens, Shape.Heads * Shape.Channels);
        return _backend.Upload(shape, Operands.Values(shape.Count));
    }
}
