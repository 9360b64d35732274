using PerCo.Engine.Backends.Cpu;
using PerCo.Engine.Backends.Cpu.Gemm;
using PerCo.Engine.Backends.Cpu.Winograd;
using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;
using Xunit;

namespace PerCo.Engine.Tests.Backends.Cpu;

/// <summary>Both transforms at every width, whatever the plan would choose.</summary>
public abstract class WinogradTests(BackendFixture fixture) : OpSuite(fixture)
{
    /// <summary>F(2×2) adds and subtracts only; its error is little more than the direct sum's.</summary>
    private static readonly Tolerance Small = new(4e-6, 4e-5);

    [SkippableFact]
    public void EveryTailOfInputs()
    {
        for (int inputs = 1; inputs <= 33; inputs++)
        {
            Check(inputs, 7, 9, 10);
        }
    }

    [SkippableFact]
    public void EveryTailOfOutputs()
    {
        for (int outputs = 1; outputs <= 67; outputs++)
        {
            Check(8, outputs, 5, 6);
        }
    }

    [SkippableFact]
    public void EveryTailOfWidthAndHeight()
    {
        for (int size = 1; size <= 33; size++)
        {
            Check(16, 16, 7, size);
            Check(12, 16, size, 7);
        }
    }

    [SkippableFact]
    public void ManyTilesAndPictures() => Check(24, 40, 50, 70, batch: 2);

    [SkippableFact]
    public void EveryOperand() => Check(32, 40, 14, 9, batch: 3, decorate: (op, operands) => operands with
    {
        Second = op.Random(new Shape(3, 14, 9, 16), "second"),
        ChannelBias = op.Random(new Shape(3, 40), "channelBias"),
        Residual = op.Random(new Shape(3, 14, 9, 40), "residual"),
        Activation = Activation.Silu,
    });

    [SkippableFact]
    public void UpSampling() => Check(20, 16, 7, 6, decorate: (_, operands) => operands with
    {
        UpsampleHeight = 13,
        UpsampleWidth = 12,
    });

    private void Check(
        int inputs, int outputs, int height, int width, int batch = 1,
        Func<OpCase, Conv2dOperands, Conv2dOperands>? decorate = null)
    {
        foreach (ConvAlgorithm algorithm in (ConvAlgorithm[])[ConvAlgorithm.Winograd2, ConvAlgorithm.Winograd4])
        {
            Compare(algorithm == ConvAlgorithm.Winograd2 ? Small : Tolerance.Winograd, op =>
            {
                Conv2dOperands operands = decorate?.Invoke(op, default) ?? default;
                int secondChannels = operands.Second?.Shape.Channels ?? 0;
                var spec = new Conv2dSpec(inputs, outputs, 3, 3, 1, Padding.All(1));
                HostTensor weight = OpCase.Weight(new Shape(outputs, inputs, 3, 3), "w", MathF.Sqrt(1f / inputs));
                HostTensor bias = OpCase.Weight(new Shape(outputs), "b");
                using ConvWeights weights = op.Backend is CpuBackend cpu
                    ? Prepare(cpu, algorithm, spec, weight, bias)
                    : op.Backend.PrepareConv2d(spec, weight, bias);
                Tensor x = op.Random(new Shape(batch, height, width, inputs - secondChannels), "x");
                return op.Backend.Conv2d(x, weights, operands);
            });
        }
    }

    private static CpuConvWeights Prepare(
        CpuBackend cpu, ConvAlgorithm algorithm, Conv2dSpec spec, HostTensor weight, HostTensor bias)
    {
        return new CpuConvWeights(
            spec, algorithm, WinogradWeights.Transform(
                cpu.Pool, cpu.Kernels, new MatrixSource(weight), bias, spec.Inputs, algorithm),
            isTransformed: true);
    }
}

public sealed class CpuAvx512WinogradTests(CpuAvx512Fixture fixture)
    : WinogradTests(fixture), IClassFixture<CpuAvx512Fixture>;

public sealed class CpuAvx2WinogradTests(CpuAvx2Fixture fixture)
    : WinogradTests(fixture), IClassFixture<CpuAvx2Fixture>;

public sealed class CpuVector128WinogradTests(CpuVector128Fixture fixture)
    : WinogradTests(fixture), IClassFixture<CpuVector128Fixture>;
