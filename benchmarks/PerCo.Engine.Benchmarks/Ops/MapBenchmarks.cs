using BenchmarkDotNet.Attributes;
using PerCo.Engine.Backends.Cpu;
using PerCo.Engine.Tensors;

namespace PerCo.Engine.Benchmarks.Ops;

/// <summary>Feature maps, and how often an op must at least read or write one of them.</summary>
public sealed record MapShape(int Batch, int Height, int Width, int Channels, double Passes) : IOpShape
{
    /// <inheritdoc/>
    public double Bytes => Passes * Batch * Height * Width * Channels * sizeof(float);

    /// <inheritdoc/>
    public override string ToString() => $"{Batch}x{Height}x{Width}x{Channels}";
}

/// <summary>Base of the benchmarks of ops whose operands are feature maps; all threads.</summary>
public abstract class MapBenchmarks(double passes) : IDisposable
{
    /// <summary>The backend.</summary>
    protected CpuBackend Backend { get; } = new();

    /// <summary>An operand of the case's shape.</summary>
    protected Tensor X { get; private set; } = null!;

    /// <summary>Scale and shift of its channels.</summary>
    protected NormWeights Weights { get; private set; } = null!;

    /// <summary>Stable Diffusion 2.1's U-Net and autoencoder, PerCo-Mini's U-Net and autoencoder.</summary>
    public IEnumerable<MapShape> Shapes =>
    [
        new(2, 64, 64, 320, passes),
        new(2, 16, 16, 1280, passes),
        new(1, 512, 512, 128, passes),
        new(2, 32, 48, 96, passes),
        new(1, 512, 768, 24, passes),
    ];

    /// <summary>The case.</summary>
    [ParamsSource(nameof(Shapes))]
    public MapShape Shape { get; set; } = new(1, 1, 1, 1, 1);

    /// <summary>Prepares operands.</summary>
    [GlobalSetup]
    public void Setup()
    {
        var shape = new Shape(Shape.Batch, Shape.Height, Shape.Width, Shape.Channels);
        X = Backend.Upload(shape, Operands.Values(shape.Count));
        Weights = Backend.PrepareNorm(Operands.Weight(Shape.Channels), Operands.Weight(Shape.Channels));
    }

    /// <summary>Frees operands.</summary>
    [GlobalCleanup]
    public void Dispose()
    {
        X?.Dispose();
        Weights?.Dispose();
        Backend.Dispose();
        GC.SuppressFinalize(this);
    }
}
