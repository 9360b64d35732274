using PerCo.Engine.Backends;
using PerCo.Engine.Backends.Cpu;
using PerCo.Engine.Backends.Cpu.Gemm;
using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;
using Xunit;

namespace PerCo.Engine.Tests.Backends.Cpu;

/// <summary>Products by Strassen's way at every width, whether or not they are large enough to gain by it.</summary>
public abstract class StrassenTests(BackendFixture fixture) : OpSuite(fixture)
{
    /// <summary>Parts that are added before they are multiplied have larger rounding errors than plain sums.</summary>
    private static readonly Tolerance Sum = new(2e-6, 2e-5);

    [SkippableFact]
    public void EveryTailOfRows()
    {
        for (int rows = 2; rows <= 62; rows += 2)
        {
            Check(rows, 32, 64);
        }
    }

    [SkippableTheory]
    [InlineData(256, 96, 64)]
    [InlineData(34, 1280, 128)] // one block of k
    [InlineData(34, 1312, 128)] // two blocks of different lengths
    [InlineData(6, 4000, 64)] // four blocks
    [InlineData(40, 64, 1088)] // few rows, many columns: by panels
    [InlineData(20, 1312, 1088)] // the same in two blocks of k
    [InlineData(1200, 64, 128)] // many rows: by rows
    [InlineData(514, 640, 1024)] // more sums than fit at a time
    public void Shapes(int rows, int inputs, int outputs) => Check(rows, inputs, outputs);

    [SkippableTheory]
    [InlineData(64, 64)]
    [InlineData(1312, 1088)]
    public void ResidualsAndActivations(int inputs, int outputs)
    {
        Check(30, inputs, outputs, Activation.None, residual: true);
        Check(30, inputs, outputs, Activation.Silu, residual: true);
        Check(30, inputs, outputs, Activation.Gelu);
    }

    [SkippableTheory]
    [InlineData(30, 64, 64)]
    [InlineData(30, 640, 1088)]
    [InlineData(600, 96, 128)]
    public void Geglu(int rows, int inputs, int outputs) => Check(rows, inputs, outputs, Activation.Geglu);

    [SkippableFact]
    public void ReadsAndWritesNothingBeyondItsOperands() => Check(30, 1312, 64, Activation.Silu, true, guarded: true);

    private void Check(
        int rows, int inputs, int outputs, Activation activation = Activation.None, bool residual = false,
        bool guarded = false) =>
        Compare(Sum, op =>
        {
            var spec = new LinearSpec(inputs, outputs, activation);
            using LinearWeights weights = op.Backend.PrepareLinear(
                spec, OpCase.Weight(new Shape(outputs, inputs), "w", MathF.Sqrt(3f / inputs)),
                OpCase.Weight(new Shape(outputs), "b"));
            Tensor Random(Shape shape, string name) => guarded ? op.RandomGuarded(shape, name) : op.Random(shape, name);
            Tensor x = Random(new Shape(1, rows, inputs), "x");
            Tensor? added = residual ? Random(new Shape(1, rows, spec.ResultFeatures), "r") : null;
            return op.Backend is CpuBackend cpu
                ? Multiply(cpu, x, (CpuLinearWeights)weights, added)
                : op.Backend.Linear(x, weights, added);
        });

    private static unsafe Tensor Multiply(CpuBackend cpu, Tensor x, CpuLinearWeights weights, Tensor? residual)
    {
        Tensor result = cpu.Upload(
            new Shape(1, x.Shape.Tokens, weights.Spec.ResultFeatures),
            new float[x.Shape.Tokens * weights.Spec.ResultFeatures]);
        StrassenProduct.Run(
            cpu, new MatrixProduct
            {
                Groups = 1,
                Rows = x.Shape.Tokens,
                Matrix = weights.Matrix,
                Bias = weights.Matrix.Bias,
                Result = result.Values(),
                ResultColumns = weights.Spec.ResultFeatures,
                Residual = residual is null ? null : residual.Values(),
                Activation = weights.Spec.Activation,
            },
            x.Values());
        return result;
    }
}

public sealed class CpuAvx512StrassenTests(CpuAvx512Fixture fixture)
    : StrassenTests(fixture), IClassFixture<CpuAvx512Fixture>;

public sealed class CpuAvx2StrassenTests(CpuAvx2Fixture fixture)
    : StrassenTests(fixture), IClassFixture<CpuAvx2Fixture>;

public sealed class CpuVector128StrassenTests(CpuVector128Fixture fixture)
    : StrassenTests(fixture), IClassFixture<CpuVector128Fixture>;
