using BenchmarkDotNet.Attributes;
using PerCo.Engine.Backends.Cpu;
using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;

namespace PerCo.Engine.Benchmarks.Ops;

/// <summary>height × width × inputs → outputs, a square kernel.</summary>
public sealed record ConvShape(int Height, int Width, int Inputs, int Outputs, int Kernel = 3, int Stride = 1)
    : IOpShape
{
    /// <inheritdoc/>
    public double Operations =>
        2.0 * (Height / Stride) * (Width / Stride) * Inputs * Outputs * Kernel * Kernel;

    /// <inheritdoc/>
    public override string ToString() =>
        $"{Height}x{Width} {Inputs}->{Outputs} k{Kernel}{(Stride > 1 ? $" s{Stride}" : "")}";
}

/// <summary>Convolutions at the networks' shapes, all threads; strict computes them directly.</summary>
[OpBenchmark]
public class Conv2dBenchmarks : IDisposable
{
    private CpuBackend? _backend;
    private ConvWeights? _weights;
    private Tensor? _x;

    /// <summary>Stable Diffusion 2.1's U-Net and autoencoder, then PerCo-Mini's at 768×512 pixels.</summary>
    public static IEnumerable<ConvShape> Shapes =>
    [
        new(64, 64, 320, 320),
        new(32, 32, 640, 640),
        new(16, 16, 1280, 1280),
        new(8, 8, 1280, 1280),
        new(128, 128, 512, 512),
        new(64, 64, 320, 320, 3, 2),
        new(64, 96, 48, 48),
        new(32, 48, 96, 96),
        new(16, 24, 144, 144),
        new(512, 768, 24, 24),
        new(256, 384, 48, 48),
        new(512, 768, 24, 3),
        new(512, 768, 3, 24),
    ];

    /// <summary>The case.</summary>
    [ParamsSource(nameof(Shapes))]
    public ConvShape Shape { get; set; } = new(1, 1, 1, 1);

    /// <summary>Whether Winograd's algorithm is ruled out.</summary>
    [Params(false, true)]
    public bool Strict { get; set; }

    /// <summary>Prepares operands.</summary>
    [GlobalSetup]
    public void Setup()
    {
        _backend = new CpuBackend(new CpuOptions { Strict = Strict });
        _weights = _backend.PrepareConv2d(
            new Conv2dSpec(
                Shape.Inputs, Shape.Outputs, Shape.Kernel, Shape.Kernel, Shape.Stride, Padding.All(Shape.Kernel / 2))
            {
                // As the U-Net's lowest resolution says of itself.
                FewPositions = Shape.Height * Shape.Width <= 64,
            },
            Operands.Weight(Shape.Outputs, Shape.Inputs, Shape.Kernel, Shape.Kernel),
            null);
        _x = _backend.Upload(
            new Shape(1, Shape.Height, Shape.Width, Shape.Inputs),
            Operands.Values((long)Shape.Height * Shape.Width * Shape.Inputs));
    }

    /// <summary>Frees operands.</summary>
    [GlobalCleanup]
    public void Dispose()
    {
        _x?.Dispose();
        _weights?.Dispose();
        _backend?.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>The op.</summary>
    [Benchmark]
    public void Conv2d() => _backend!.Conv2d(_x!, _weights!).Dispose();
}
