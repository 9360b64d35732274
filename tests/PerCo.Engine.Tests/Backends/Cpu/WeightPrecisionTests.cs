using System.Runtime.InteropServices;
using PerCo.Engine.Backends;
using PerCo.Engine.Backends.Cpu;
using PerCo.Engine.Backends.Cpu.Gemm;
using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;
using Xunit;

namespace PerCo.Engine.Tests.Backends.Cpu;

/// <summary>Weights that are stored narrower than fp32, and transformed weights that are not kept.</summary>
public sealed class WeightPrecisionTests
{
    // Up to the largest fp16 value and down to the smallest, subnormal ones.
    private static readonly float[] HalfScales = [1, 65504, 1e-4f, 6e-8f];

    [Theory]
    [InlineData(1, 300, 90)]
    [InlineData(1, 64, 128)]
    [InlineData(40, 1100, 90)]
    public void Nothing_of_an_fp16_checkpoint_is_lost(int rows, int inputs, int outputs)
    {
        foreach (float scale in HalfScales)
        {
            HostTensor weight = Halves(new Shape(outputs, inputs), scale);
            float[] exact = Linear(WeightPrecision.Fp32, weight, rows);
            Assert.Equal(exact, Linear(WeightPrecision.Fp16, weight, rows));
        }
    }

    [Fact]
    public void Large_matrices_of_fp16_checkpoints_stay_in_fp16()
    {
        var plan = new WeightPlan(WeightPrecision.Auto, 0);
        Assert.Equal(PanelFormat.Fp16, plan.Format(ElementType.Float16, 2560 * 2560));
        Assert.Equal(PanelFormat.Fp32, plan.Format(ElementType.Float16, 320 * 320));
        Assert.Equal(PanelFormat.Fp32, plan.Format(ElementType.Float32, 2560 * 2560));
        Assert.Equal(PanelFormat.Fp32, plan.Format(ElementType.BFloat16, 2560 * 2560));

        HostTensor weight = Halves(new Shape(1100, 1024), 1);
        Assert.Equal(Linear(WeightPrecision.Fp32, weight, 3), Linear(WeightPrecision.Auto, weight, 3));
        Assert.Equal(Linear(WeightPrecision.Fp32, weight, 1), Linear(WeightPrecision.Auto, weight, 1));
    }

    [Theory]
    [InlineData(1, 300, 90, Activation.Silu)]
    [InlineData(40, 1100, 90, Activation.Geglu)]
    public void Int8_is_within_half_a_step_of_each_weight(int rows, int inputs, int outputs, Activation activation)
    {
        // Steps are 1/127 of a channel's largest weight; an error of half a step at most, spread evenly, is
        // 1/127/√12 of it. Sums of evenly spread weights, whose root mean square is 1/√3 of the largest, are off by
        // √3/127/√12 = 3.9e-3.
        HostTensor weight = OpCase.Weight(new Shape(outputs, inputs), "w", MathF.Sqrt(3f / inputs));
        float[] exact = Linear(WeightPrecision.Fp32, weight, rows, activation);
        new Tolerance(1e-2, 1e-1).Check(exact, Linear(WeightPrecision.Int8, weight, rows, activation));
    }

    [Fact]
    public void A_channel_of_zeros_and_very_different_channels_keep_their_scale()
    {
        const int inputs = 600;
        float[] values = OpCase.Values("w", 40L * inputs);
        for (int i = 0; i < values.Length; i++)
        {
            int output = i / inputs;
            values[i] *= output == 7 ? 0 : MathF.ScaleB(1, output - 20);
        }

        var weight = HostTensor.FromFloats("w", new Shape(40, inputs), values);
        float[] exact = Linear(WeightPrecision.Fp32, weight, 1);
        float[] rounded = Linear(WeightPrecision.Int8, weight, 1);
        for (int i = 0; i < exact.Length; i++)
        {
            Assert.InRange(rounded[i], exact[i] - 0.3f * Scale(i), exact[i] + 0.3f * Scale(i));
        }

        static float Scale(int output) => output == 7 ? 0 : MathF.ScaleB(1, output - 20);
    }

    [Theory]
    [InlineData(WeightPrecision.Fp16)]
    [InlineData(WeightPrecision.Int8)]
    public void What_a_format_cannot_hold_stays_fp32(WeightPrecision precision)
    {
        float[] values = OpCase.Values("w", 200 * 100);
        values[123] = float.PositiveInfinity;
        float[] exact = Linear(WeightPrecision.Fp32, HostTensor.FromFloats("w", new Shape(200, 100), values), 1);
        Assert.Contains(exact, value => !float.IsFinite(value));
        Assert.Equal(exact, Linear(precision, HostTensor.FromFloats("w", new Shape(200, 100), values), 1));
    }

    [Theory]
    [InlineData(WeightPrecision.Auto)]
    [InlineData(WeightPrecision.Fp16)]
    [InlineData(WeightPrecision.Int8)]
    public void The_same_bits_at_every_width_and_thread_count(WeightPrecision precision)
    {
        foreach (int rows in (int[])[1, 30])
        {
            EqualEverywhere(precision, op =>
            {
                using LinearWeights weights = op.Backend.PrepareLinear(
                    new LinearSpec(300, 99, Activation.Gelu), OpCase.Weight(new Shape(99, 300), "w", 0.1f),
                    OpCase.Weight(new Shape(99), "b"));
                return op.Backend.Linear(op.Random(new Shape(1, rows, 300), "x"), weights);
            });
        }

        foreach (int stride in (int[])[1, 2])
        {
            EqualEverywhere(precision, op => Convolve(op, inputs: 50, outputs: 70, size: 13, stride));
        }
    }

    [Theory]
    [InlineData(3, 24, 20)]
    [InlineData(70, 40, 9)]
    [InlineData(1032, 1024, 4)]
    public void Transformed_weights_give_the_same_bits_whether_they_are_kept(int inputs, int outputs, int size)
    {
        float[] kept = Run(long.MaxValue, 1);
        foreach (int threads in (int[])[1, 2, 3])
        {
            Assert.Equal(kept, Run(0, threads));
        }

        float[] Run(long memory, int threads)
        {
            using var backend = new CpuBackend(new CpuOptions { Threads = threads, TransformedWeightMemory = memory });
            using var op = new OpCase(backend);
            return op.Own(Convolve(op, inputs, outputs, size, stride: 1)).ToFloats();
        }
    }

    [Theory]
    [InlineData(WeightPrecision.Auto, 4, 36)]
    [InlineData(WeightPrecision.Fp16, 2, 9)]
    [InlineData(WeightPrecision.Int8, 1, 9)]
    public void Memory_is_as_promised(WeightPrecision precision, int bytes, int taps)
    {
        using var backend = new CpuBackend(new CpuOptions { Weights = precision, Threads = 1 });
        using LinearWeights linear = backend.PrepareLinear(
            new LinearSpec(512, 512), OpCase.Weight(new Shape(512, 512), "w"), null);
        using ConvWeights conv = backend.PrepareConv2d(
            new Conv2dSpec(64, 64, 3, 3, 1, Padding.All(1)), OpCase.Weight(new Shape(64, 64, 3, 3), "w"), null);
        Assert.InRange(linear.Bytes, 512L * 512 * bytes, 512L * 512 * bytes + 8192);
        Assert.InRange(conv.Bytes, 64L * 64 * taps * bytes, 64L * 64 * taps * bytes + 8192);
    }

    [Fact]
    public void Strict_and_rounded_weights_exclude_each_other()
    {
        foreach (WeightPrecision precision in (WeightPrecision[])[WeightPrecision.Fp16, WeightPrecision.Int8])
        {
            Assert.Throws<ArgumentException>(
                () => new CpuBackend(new CpuOptions { Strict = true, Weights = precision }));
        }

        Assert.Throws<ArgumentOutOfRangeException>(
            () => new CpuBackend(new CpuOptions { Weights = (WeightPrecision)9 }));
        using var backend = new CpuBackend(new CpuOptions { Weights = WeightPrecision.Int8, Threads = 1 });
        Assert.Equal(NumericPlan.Int8Weights, backend.Plan);
        Assert.EndsWith(", int8 weights", backend.Description, StringComparison.Ordinal);
    }

    private static Tensor Convolve(OpCase op, int inputs, int outputs, int size, int stride)
    {
        var spec = new Conv2dSpec(inputs, outputs, 3, 3, stride, Padding.All(1));
        using ConvWeights weights = op.Backend.PrepareConv2d(
            spec, OpCase.Weight(new Shape(outputs, inputs, 3, 3), "w", 0.1f), OpCase.Weight(new Shape(outputs), "b"));
        return op.Backend.Conv2d(op.Random(new Shape(2, size, size, inputs), "x"), weights);
    }

    private static float[] Linear(
        WeightPrecision precision, HostTensor weight, int rows, Activation activation = Activation.None)
    {
        using var backend = new CpuBackend(new CpuOptions { Weights = precision, Threads = 2 });
        using var op = new OpCase(backend);
        using LinearWeights weights = backend.PrepareLinear(
            new LinearSpec(weight.Shape[1], weight.Shape[0], activation), weight, null);
        return op.Own(backend.Linear(op.Random(new Shape(1, rows, weight.Shape[1]), "x"), weights)).ToFloats();
    }

    private static HostTensor Halves(Shape shape, float scale)
    {
        var bytes = new byte[shape.Count * 2];
        Span<Half> halves = MemoryMarshal.Cast<byte, Half>(bytes.AsSpan());
        float[] values = OpCase.Values("w", shape.Count, scale);
        for (int i = 0; i < values.Length; i++)
        {
            halves[i] = (Half)values[i];
        }

        return new HostTensor("w", ElementType.Float16, shape, bytes);
    }

    private static void EqualEverywhere(WeightPrecision precision, Func<OpCase, Tensor> run)
    {
        float[]? first = null;
        foreach (InstructionSet set in InstructionSets.Supported)
        {
            foreach (int threads in (int[])[1, 2, 3])
            {
                using var backend = new CpuBackend(
                    new CpuOptions { InstructionSet = set, Threads = threads, Weights = precision });
                using var op = new OpCase(backend);
                using Tensor result = run(op);
                float[] values = result.ToFloats();
                first ??= values;
                Assert.True(values.AsSpan().SequenceEqual(first), $"Other bits with {backend.Description}.");
            }
        }
    }
}
