using PerCo.Engine.Backends.Cpu;
using PerCo.Engine.Backends.Cpu.Gemm;
using PerCo.Engine.Backends.Cpu.Winograd;
using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;
using Xunit;

namespace PerCo.Engine.Tests.Backends.Cpu;

/// <summary>All ways at every width, whatever the plan would choose.</summary>
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

    [SkippableTheory]
    [InlineData(7, 21, 9, 10)]
    [InlineData(140, 70, 8, 8)] // several blocks of inputs
    [InlineData(20, 40, 60, 50)] // more tiles than are taken at a time
    public void WeightsThatAreNotKeptGiveTheSameBits(int inputs, int outputs, int height, int width)
    {
        var cpu = (CpuBackend)Backend;
        using var op = new OpCase(cpu);
        var spec = new Conv2dSpec(inputs, outputs, 3, 3, 1, Padding.All(1));
        float[] values = OpCase.Values("w", outputs * inputs * 9);
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = (float)(Half)values[i];
        }

        HostTensor weight = HostTensor.FromFloats("w", new Shape(outputs, inputs, 3, 3), values);
        Tensor x = op.Random(new Shape(2, height, width, inputs), "x");
        foreach (ConvAlgorithm algorithm in Enum.GetValues<ConvAlgorithm>())
        {
            if (algorithm is ConvAlgorithm.Direct or ConvAlgorithm.WinogradUp)
            {
                continue;
            }

            float[] expected = Convolve(kept: algorithm != ConvAlgorithm.Winograd4Fused, PanelFormat.Fp32);
            Assert.Equal(expected, Convolve(kept: false, PanelFormat.Fp32));
            Assert.Equal(expected, Convolve(kept: false, PanelFormat.Fp16));

            float[] Convolve(bool kept, PanelFormat format)
            {
                using CpuConvWeights weights = Prepare(cpu, algorithm, kept, spec, weight, null, format);
                return op.Own(cpu.Conv2d(x, weights)).ToFloats();
            }
        }
    }

    private void Check(
        int inputs, int outputs, int height, int width, int batch = 1,
        Func<OpCase, Conv2dOperands, Conv2dOperands>? decorate = null)
    {
        foreach ((ConvAlgorithm algorithm, bool kept) in ((ConvAlgorithm, bool)[])[
            (ConvAlgorithm.Winograd2, true), (ConvAlgorithm.Winograd2, false), (ConvAlgorithm.Winograd4, true),
            (ConvAlgorithm.Winograd4, false), (ConvAlgorithm.Winograd4Fused, false)])
        {
            Compare(algorithm == ConvAlgorithm.Winograd2 ? Small : Tolerance.Winograd, op =>
            {
                Conv2dOperands operands = decorate?.Invoke(op, default) ?? default;
                int secondChannels = operands.Second?.Shape.Channels ?? 0;
                var spec = new Conv2dSpec(inputs, outputs, 3, 3, 1, Padding.All(1));
                HostTensor weight = OpCase.Weight(new Shape(outputs, inputs, 3, 3), "w", MathF.Sqrt(1f / inputs));
                HostTensor bias = OpCase.Weight(new Shape(outputs), "b");
                using ConvWeights weights = op.Backend is CpuBackend cpu
                    ? Prepare(cpu, algorithm, kept, spec, weight, bias)
                    : op.Backend.PrepareConv2d(spec, weight, bias);
                Tensor x = op.Random(new Shape(batch, height, width, inputs - secondChannels), "x");
                return op.Backend.Conv2d(x, weights, operands);
            });
        }
    }

    private static CpuConvWeights Prepare(
        CpuBackend cpu, ConvAlgorithm algorithm, bool kept, Conv2dSpec spec, HostTensor weight, HostTensor? bias,
        PanelFormat format = PanelFormat.Fp32)
    {
        bool fused = algorithm == ConvAlgorithm.Winograd4Fused;
        var source = new MatrixSource(weight, byInput: fused);
        PackedMatrix matrix = kept
            ? WinogradWeights.Transform(cpu.Pool, cpu.Kernels, source, bias, spec.Inputs, algorithm)
            : PackedMatrix.Pack(
                cpu.Pool, fused ? cpu.Kernels.OneVector : cpu.Kernels, source, bias, paired: false, format);
        return new CpuConvWeights(spec, algorithm, matrix, isTransformed: kept);
    }
}

public sealed class CpuAvx512WinogradTests(CpuAvx512Fixture fixture)
    : WinogradTests(fixture), IClassFixture<CpuAvx512Fixture>;

public sealed class CpuAvx2WinogradTests(CpuAvx2Fixture fixture)
    : WinogradTests(fixture), IClassFixture<CpuAvx2Fixture>;

public sealed class CpuVector128WinogradTests(CpuVector128Fixture fixture)
    : WinogradTests(fixture), IClassFixture<CpuVector128Fixture>;
