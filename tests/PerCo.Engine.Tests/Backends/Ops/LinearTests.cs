using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;
using PerCo.Engine.Tests.Backends.Gpu;
using PerCo.Engine.Tests.Backends.Gpu.Cuda;
using Xunit;

namespace PerCo.Engine.Tests.Backends.Ops;

public abstract class LinearTests(BackendFixture fixture) : OpSuite(fixture)
{
    [SkippableFact]
    public void EveryTailOfRows()
    {
        for (int rows = 1; rows <= 33; rows++)
        {
            Check(1, rows, 20, 40);
        }
    }

    [SkippableFact]
    public void EveryTailOfInputs()
    {
        for (int inputs = 1; inputs <= 33; inputs++)
        {
            Check(1, 1, inputs, 18);
            Check(1, 5, inputs, 18);
        }
    }

    [SkippableFact]
    public void EveryTailOfOutputs()
    {
        for (int outputs = 1; outputs <= 67; outputs++)
        {
            Check(1, 1, 19, outputs);
            Check(1, 16, 19, outputs);
        }
    }

    [SkippableTheory]
    [InlineData(2, 384, 96, 96)] // U-Net of PerCo-Mini at 24x16, guidance
    [InlineData(1, 77, 320, 64)] // text tokens
    [InlineData(1, 1, 2560, 130)] // one token of the captioner
    [InlineData(2, 1, 1200, 320)] // time embedding
    [InlineData(1, 200, 2100, 48)] // more than one block of inputs
    [InlineData(1, 1500, 40, 8)] // many rows, few outputs
    public void ShapesOfTheNetworks(int batch, int tokens, int inputs, int outputs) =>
        Check(batch, tokens, inputs, outputs);

    [SkippableTheory]
    [InlineData(Activation.Silu)]
    [InlineData(Activation.Gelu)]
    [InlineData(Activation.QuickGelu)]
    [InlineData(Activation.Relu)]
    public void ActivationsAfterBiasAndResidual(Activation activation)
    {
        foreach (int rows in (int[])[1, 7, 30])
        {
            Check(1, rows, 21, 37, activation, residual: true);
            Check(1, rows, 21, 64, activation);
        }
    }

    [SkippableFact]
    public void GegluOfEveryWidth()
    {
        for (int half = 1; half <= 40; half++)
        {
            Check(1, half % 5 == 0 ? 1 : 17, 24, 2 * half, Activation.Geglu);
        }
    }

    [SkippableFact]
    public void WithoutBias() => Compare(Tolerance.Sum, op =>
    {
        using LinearWeights weights = op.Backend.PrepareLinear(
            new LinearSpec(50, 70), OpCase.Weight(new Shape(70, 50), "w"), null);
        return op.Backend.Linear(op.Random(new Shape(1, 9, 50), "x"), weights);
    });

    [SkippableFact]
    public void ResidualMayBeTheInput() => Compare(Tolerance.Sum, op =>
    {
        using LinearWeights weights = Prepare(op, new LinearSpec(48, 48));
        Tensor x = op.Random(new Shape(1, 9, 48), "x");
        return op.Backend.Linear(x, weights, x);
    });

    [SkippableFact]
    public void NotANumberStays() => Compare(Tolerance.Sum, op =>
    {
        float[] values = OpCase.Values("x", 3 * 20);
        values[25] = float.NaN;
        using LinearWeights weights = Prepare(op, new LinearSpec(20, 33, Activation.Silu));
        return op.Backend.Linear(op.Upload(new Shape(1, 3, 20), values), weights);
    });

    [SkippableFact]
    public void ReadsNothingBeyondItsOperands()
    {
        foreach (int rows in (int[])[1, 2, 13, 29])
        {
            foreach (int inputs in (int[])[1, 3, 16, 23])
            {
                Compare(Tolerance.Sum, op =>
                {
                    using LinearWeights weights = Prepare(op, new LinearSpec(inputs, 21, Activation.Relu));
                    return op.Backend.Linear(
                        op.RandomGuarded(new Shape(1, rows, inputs), "x"), weights,
                        op.RandomGuarded(new Shape(1, rows, 21), "r"));
                });
            }
        }
    }

    private static LinearWeights Prepare(OpCase op, LinearSpec spec) => op.Backend.PrepareLinear(
        spec,
        OpCase.Weight(new Shape(spec.Outputs, spec.Inputs), "w", MathF.Sqrt(3f / spec.Inputs)),
        OpCase.Weight(new Shape(spec.Outputs), "b"));

    private void Check(
        int batch, int tokens, int inputs, int outputs, Activation activation = Activation.None,
            bool residual = false) =>
        Compare(Tolerance.Sum, op =>
        {
            var spec = new LinearSpec(inputs, outputs, activation);
            using LinearWeights weights = Prepare(op, spec);
            Tensor x = op.Random(new Shape(batch, tokens, inputs), "x");
            return op.Backend.Linear(
                x, weights, residual ? op.Random(new Shape(batch, tokens, spec.ResultFeatures), "r") : null);
        });
}

public sealed class CpuAvx512LinearTests(CpuAvx512Fixture fixture)
    : LinearTests(fixture), IClassFixture<CpuAvx512Fixture>;

public sealed class CpuAvx2LinearTests(CpuAvx2Fixture fixture)
    : LinearTests(fixture), IClassFixture<CpuAvx2Fixture>;

public sealed class CpuVector128LinearTests(CpuVector128Fixture fixture)
    : LinearTests(fixture), IClassFixture<CpuVector128Fixture>;

public sealed class CpuFp16LinearTests(CpuFp16Fixture fixture)
    : LinearTests(fixture), IClassFixture<CpuFp16Fixture>;

public sealed class CpuStrictLinearTests(CpuStrictFixture fixture)
    : LinearTests(fixture), IClassFixture<CpuStrictFixture>;

[Collection(OpenClCollection.Name)]
public sealed class OpenClFp32LinearTests(OpenClFp32Fixture fixture) : LinearTests(fixture);

[Collection(OpenClCollection.Name)]
public sealed class OpenClFp16LinearTests(OpenClFp16Fixture fixture) : LinearTests(fixture);

[Collection(OpenClCollection.Name)]
public sealed class OpenClBf16LinearTests(OpenClBf16Fixture fixture) : LinearTests(fixture);

[Collection(OpenClCollection.Name)]
public sealed class MmaFp16LinearTests(MmaFp16Fixture fixture) : LinearTests(fixture);

[Collection(OpenClCollection.Name)]
public sealed class MmaBf16LinearTests(MmaBf16Fixture fixture) : LinearTests(fixture);

[Collection(OpenClCollection.Name)]
public sealed class WgmmaFp16LinearTests(WgmmaFp16Fixture fixture) : LinearTests(fixture);

[Collection(OpenClCollection.Name)]
public sealed class WgmmaBf16LinearTests(WgmmaBf16Fixture fixture) : LinearTests(fixture);

[Collection(PtxCollection.Name)]
public sealed class PtxFp32LinearTests(PtxFp32Fixture fixture) : LinearTests(fixture);

[Collection(PtxCollection.Name)]
public sealed class PtxBf16LinearTests(PtxBf16Fixture fixture) : LinearTests(fixture);

[Collection(PtxCollection.Name)]
public sealed class PtxMmaLinearTests(PtxMmaFixture fixture) : LinearTests(fixture);

[Collection(PtxCollection.Name)]
public sealed class PtxWgmmaLinearTests(PtxWgmmaFixture fixture) : LinearTests(fixture);
