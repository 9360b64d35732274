using PerCo.Engine.Backends.Cpu;
using PerCo.Engine.Backends.Cpu.Gemm;
using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;
using Xunit;

namespace PerCo.Engine.Tests.Backends.Cpu;

/// <summary>
/// The promise of one picture: equal bits at any number of threads and, in products, at any vector width.
/// </summary>
public sealed class DeterminismTests
{
    [Theory]
    [InlineData(1, 96, 96, Activation.None)]
    [InlineData(1, 1500, 70, Activation.Silu)]
    [InlineData(30, 130, 67, Activation.Gelu)]
    [InlineData(301, 1100, 40, Activation.QuickGelu)]
    [InlineData(64, 48, 96, Activation.Geglu)]
    [InlineData(256, 1312, 1280, Activation.None)] // by Strassen's way, few rows
    [InlineData(1030, 192, 320, Activation.Silu)] // the same, many rows
    [InlineData(1030, 224, 640, Activation.Geglu)]
    public void LinearHasTheSameBitsEverywhere(int rows, int inputs, int outputs, Activation activation) =>
        EqualEverywhere(strict: false, op =>
        {
            using LinearWeights weights = op.Backend.PrepareLinear(
                new LinearSpec(inputs, outputs, activation),
                OpCase.Weight(new Shape(outputs, inputs), "w", 0.1f),
                OpCase.Weight(new Shape(outputs), "b"));
            return op.Backend.Linear(op.Random(new Shape(1, rows, inputs), "x"), weights);
        });

    [Theory]
    [InlineData(20, 40, 17, 23, 3, 1)]
    [InlineData(48, 24, 30, 20, 3, 1)]
    [InlineData(3, 24, 16, 16, 3, 2)]
    [InlineData(96, 35, 9, 7, 1, 1)]
    [InlineData(21, 3, 19, 37, 3, 1)]
    public void StrictConv2dHasTheSameBitsEverywhere(
        int inputs, int outputs, int height, int width, int kernel, int stride) =>
        EqualEverywhere(strict: true, op =>
        {
            var spec = new Conv2dSpec(inputs, outputs, kernel, kernel, stride, Padding.All(kernel / 2));
            using ConvWeights weights = op.Backend.PrepareConv2d(
                spec, OpCase.Weight(new Shape(outputs, inputs, kernel, kernel), "w", 0.1f), null);
            return op.Backend.Conv2d(
                op.Random(new Shape(2, height, width, inputs), "x"), weights,
                new Conv2dOperands { Activation = Activation.Silu });
        });

    [Theory]
    [InlineData(1, 24, 40, 21, 18)]
    [InlineData(2, 48, 48, 8, 8)]
    [InlineData(1, 1032, 1024, 4, 4)]
    [InlineData(2, 21, 3, 19, 37)] // not by Winograd
    [InlineData(2, 20, 40, 9, 7, true)]
    [InlineData(1, 8, 16, 50, 46, true)]
    public void WinogradHasTheSameBitsEverywhere(
        int batch, int inputs, int outputs, int height, int width, bool doubles = false) =>
        EqualEverywhere(strict: false, op =>
        {
            var spec = new Conv2dSpec(inputs, outputs, 3, 3, 1, Padding.All(1)) { Doubles = doubles };
            using ConvWeights weights = op.Backend.PrepareConv2d(
                spec, OpCase.Weight(new Shape(outputs, inputs, 3, 3), "w", 0.1f), null);
            return op.Backend.Conv2d(
                op.Random(new Shape(batch, height, width, inputs), "x"), weights,
                new Conv2dOperands
                {
                    UpsampleHeight = doubles ? 2 * height : 0, UpsampleWidth = doubles ? 2 * width : 0,
                });
        });

    [Theory]
    [InlineData(256, 1280, 1280)]
    [InlineData(1030, 192, 320)]
    public void APictureDoesNotDependOnItsBatch(int rows, int inputs, int outputs)
    {
        Assert.True(StrassenProduct.Suits(new LinearSpec(inputs, outputs), rows));
        using var backend = new CpuBackend(new CpuOptions { Threads = 2 });
        using var op = new OpCase(backend);
        using LinearWeights weights = backend.PrepareLinear(
            new LinearSpec(inputs, outputs), OpCase.Weight(new Shape(outputs, inputs), "w", 0.1f), null);
        float[] values = OpCase.Values("x", 3 * rows * inputs);
        Tensor batch = op.Upload(new Shape(3, rows, inputs), values);
        float[] together = op.Own(backend.Linear(batch, weights)).ToFloats();
        for (int picture = 0; picture < 3; picture++)
        {
            Tensor x = op.Upload(
                new Shape(1, rows, inputs), values[(picture * rows * inputs)..((picture + 1) * rows * inputs)]);
            float[] alone = op.Own(backend.Linear(x, weights)).ToFloats();
            Assert.Equal(together[(picture * alone.Length)..((picture + 1) * alone.Length)], alone);
        }
    }

    [Fact]
    public void StrictProductsAddInTheOrderOfK()
    {
        const int rows = 1030, inputs = 192, outputs = 320;
        Assert.True(StrassenProduct.Suits(new LinearSpec(inputs, outputs), rows));
        using var backend = new CpuBackend(new CpuOptions { Threads = 2, Strict = true });
        using var op = new OpCase(backend);
        using LinearWeights weights = backend.PrepareLinear(
            new LinearSpec(inputs, outputs), OpCase.Weight(new Shape(outputs, inputs), "w", 0.1f), null);
        float[] values = OpCase.Values("x", rows * inputs);
        float[] all = op.Own(backend.Linear(op.Upload(new Shape(1, rows, inputs), values), weights)).ToFloats();
        Tensor last = op.Upload(new Shape(1, 1, inputs), values[^inputs..]);
        Assert.Equal(all[^outputs..], op.Own(backend.Linear(last, weights)).ToFloats());
    }

    [Fact]
    public void ARowDoesNotDependOnItsNeighbours()
    {
        // The paths for one row and for many add in the same order, so batches give what single prompts give.
        using var backend = new CpuBackend(new CpuOptions { Threads = 2 });
        using var op = new OpCase(backend);
        using LinearWeights weights = backend.PrepareLinear(
            new LinearSpec(300, 90, Activation.Silu),
            OpCase.Weight(new Shape(90, 300), "w", 0.1f),
            OpCase.Weight(new Shape(90), "b"));
        float[] values = OpCase.Values("x", 40 * 300);
        float[] together = op.Own(backend.Linear(op.Upload(new Shape(1, 40, 300), values), weights)).ToFloats();
        for (int row = 0; row < 40; row += 13)
        {
            Tensor x = op.Upload(new Shape(1, 1, 300), values[(row * 300)..((row + 1) * 300)]);
            Assert.Equal(together[(row * 90)..((row + 1) * 90)], op.Own(backend.Linear(x, weights)).ToFloats());
        }
    }

    /// <summary>
    /// Runs a case with every instruction set that this CPU has, each with several numbers of threads.
    /// </summary>
    internal static void EqualEverywhere(bool strict, Func<OpCase, Tensor> run)
    {
        float[]? first = null;
        foreach (InstructionSet set in InstructionSets.Supported)
        {
            foreach (int threads in (int[])[1, 2, 3, 7])
            {
                using var backend = new CpuBackend(
                    new CpuOptions { InstructionSet = set, Threads = threads, Strict = strict });
                using var op = new OpCase(backend);
                using Tensor result = run(op);
                float[] values = result.ToFloats();
                first ??= values;
                Assert.True(values.AsSpan().SequenceEqual(first), $"Other bits with {backend.Description}.");
            }
        }
    }
}
