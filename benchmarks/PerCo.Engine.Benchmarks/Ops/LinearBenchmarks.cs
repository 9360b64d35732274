using BenchmarkDotNet.Attributes;
using PerCo.Engine.Backends.Cpu;
using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;

namespace PerCo.Engine.Benchmarks.Ops;

/// <summary>rows × inputs → outputs.</summary>
public sealed record LinearShape(int Rows, int Inputs, int Outputs) : IOpShape
{
    /// <inheritdoc/>
    public double Operations => 2.0 * Rows * Inputs * Outputs;

    /// <inheritdoc/>
    public override string ToString() => $"{Rows}x{Inputs}->{Outputs}";
}

/// <summary>Matrix products at the networks' shapes, all threads.</summary>
[OpBenchmark]
public class LinearBenchmarks : IDisposable
{
    private readonly CpuBackend _backend = new();
    private LinearWeights? _weights;
    private Tensor? _x;

    /// <summary>Stable Diffusion 2.1's transformer blocks, PerCo-Mini's, a token of the captioner.</summary>
    public static IEnumerable<LinearShape> Shapes =>
    [
        new(4096, 320, 320),
        new(4096, 320, 2560),
        new(4096, 1280, 320),
        new(1024, 640, 640),
        new(77, 1024, 1280),
        new(3072, 96, 96),
        new(768, 144, 1152),
        new(1, 2560, 2560),
        new(1, 2560, 10240),
    ];

    /// <summary>The case.</summary>
    [ParamsSource(nameof(Shapes))]
    public LinearShape Shape { get; set; } = new(1, 1, 1);

    /// <summary>Prepares operands.</summary>
    [GlobalSetup]
    public void Setup()
    {
        _weights = _backend.PrepareLinear(
            new LinearSpec(Shape.Inputs, Shape.Outputs), Operands.Weight(Shape.Outputs, Shape.Inputs), null);
        _x = _backend.Upload(new Shape(1, Shape.Rows, Shape.Inputs), Operands.Values((long)Shape.Rows * Shape.Inputs));
    }

    /// <summary>Frees operands.</summary>
    [GlobalCleanup]
    public void Dispose()
    {
        _x?.Dispose();
        _weights?.Dispose();
        _backend.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>The op.</summary>
    [Benchmark]
    public void Linear() => _backend.Linear(_x!, _weights!).Dispose();
}
