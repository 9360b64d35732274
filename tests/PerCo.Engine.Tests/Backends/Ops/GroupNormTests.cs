using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;
using PerCo.Engine.Tests.Backends.Gpu;
using PerCo.Engine.Tests.Backends.Gpu.Cuda;
using Xunit;

namespace PerCo.Engine.Tests.Backends.Ops;

public abstract class GroupNormTests(BackendFixture fixture) : OpSuite(fixture)
{
    [SkippableFact]
    public void EveryTailOfChannels()
    {
        for (int channels = 1; channels <= 35; channels++)
        {
            Check(new Shape(1, 3, 5, channels), 1);
            Check(new Shape(1, 3, 5, channels), channels);
        }
    }

    [SkippableFact]
    public void EveryTailOfPositions()
    {
        for (int width = 1; width <= 33; width++)
        {
            Check(new Shape(1, 1, width, 12), 4);
        }
    }

    [SkippableTheory]
    [InlineData(2, 24, 16, 96, 32)] // PerCo-Mini
    [InlineData(1, 16, 16, 320, 32)] // ten channels a group
    [InlineData(2, 8, 8, 1280, 32)]
    [InlineData(1, 64, 64, 128, 32)] // many runs
    [InlineData(1, 700, 3, 40, 8)]
    public void ShapesOfTheNetworks(int batch, int height, int width, int channels, int groups) =>
        Check(new Shape(batch, height, width, channels), groups, Activation.Silu);

    [SkippableTheory]
    [InlineData(Activation.None)]
    [InlineData(Activation.Gelu)]
    [InlineData(Activation.QuickGelu)]
    [InlineData(Activation.Relu)]
    public void Activations(Activation activation) => Check(new Shape(1, 5, 6, 24), 4, activation);

    [SkippableTheory]
    [InlineData(64, 32, 32)] // groups within a source
    [InlineData(40, 24, 4)] // a group of both
    [InlineData(7, 5, 3)]
    public void TwoSources(int first, int second, int groups) => Compare(Tolerance.Norm, op =>
    {
        using NormWeights weights = Weights(op, first + second);
        return op.Backend.GroupNorm(
            op.Random(new Shape(2, 9, 30, first), "x", 2), weights, groups, 1e-5f, Activation.Silu,
            op.Random(new Shape(2, 9, 30, second), "second"));
    });

    [SkippableTheory]
    [InlineData(2, 9, 30, 72, 8)]
    [InlineData(1, 64, 64, 33, 3)]
    public void InPlaceIsTheSame(int batch, int height, int width, int channels, int groups) => Compare(
        Tolerance.Norm, op =>
    {
        var shape = new Shape(batch, height, width, channels);
        using NormWeights weights = Weights(op, channels);
        float[] values = OpCase.Values("x", shape.Count, 2);
        using Tensor apart = op.Backend.GroupNorm(op.Upload(shape, values), weights, groups, 1e-5f, Activation.Silu);
        Tensor inPlace = op.Upload(shape, values);
        op.Backend.GroupNormInPlace(inPlace, weights, groups, 1e-5f, Activation.Silu);
        Assert.Equal(apart.ToFloats(), inPlace.ToFloats());
        return inPlace;
    });

    [SkippableFact]
    public void LargeMeanAndSmallDeviation() => Compare(Tolerance.Norm, op =>
    {
        var shape = new Shape(1, 32, 32, 64);
        float[] x = [.. OpCase.Values("x", shape.Count, 0.01f).Select(v => v + 100)];
        using NormWeights weights = Weights(op, 64);
        return op.Backend.GroupNorm(op.Upload(shape, x), weights, 8, 1e-6f);
    });

    [SkippableFact]
    public void OneLargeValueAmongSmallOnes() => Compare(Tolerance.Sum, op =>
    {
        var shape = new Shape(1, 20, 20, 32);
        float[] x = OpCase.Values("x", shape.Count);
        x[0] = 1e4f;
        using NormWeights weights = Weights(op, 32);
        return op.Backend.GroupNorm(op.Upload(shape, x), weights, 8, 1e-6f);
    });

    [SkippableFact]
    public void EqualValuesGiveTheShift() => Compare(Tolerance.Exact, op =>
    {
        float[] x = new float[2 * 9 * 20];
        Array.Fill(x, 0.7f);
        using NormWeights weights = Weights(op, 20);
        return op.Backend.GroupNorm(op.Upload(new Shape(2, 3, 3, 20), x), weights, 5, 1e-5f);
    });

    [SkippableFact]
    public void NaNStaysInItsGroup() => Compare(Tolerance.Norm, op =>
    {
        float[] x = OpCase.Values("x", 2 * 9 * 20);
        x[31] = float.NaN;
        using NormWeights weights = Weights(op, 20);
        return op.Backend.GroupNorm(op.Upload(new Shape(2, 3, 3, 20), x), weights, 5, 1e-5f);
    });

    private void Check(Shape shape, int groups, Activation activation = Activation.None) =>
        Compare(Tolerance.Norm, op =>
    {
        using NormWeights weights = Weights(op, shape.Channels);
        return op.Backend.GroupNorm(op.Random(shape, "x", 2), weights, groups, 1e-5f, activation);
    });

    private static NormWeights Weights(OpCase op, int channels) => op.Backend.PrepareNorm(
        OpCase.Weight(new Shape(channels), "scale"), OpCase.Weight(new Shape(channels), "shift"));
}

public sealed class CpuAvx512GroupNormTests(CpuAvx512Fixture fixture)
    : GroupNormTests(fixture), IClassFixture<CpuAvx512Fixture>;

public sealed class CpuAvx2GroupNormTests(CpuAvx2Fixture fixture)
    : GroupNormTests(fixture), IClassFixture<CpuAvx2Fixture>;

public sealed class CpuVector128GroupNormTests(CpuVector128Fixture fixture)
    : GroupNormTests(fixture), IClassFixture<CpuVector128Fixture>;

[Collection(OpenClCollection.Name)]
public sealed class OpenClFp32GroupNormTests(OpenClFp32Fixture fixture) : GroupNormTests(fixture);

[Collection(OpenClCollection.Name)]
public sealed class OpenClFp16GroupNormTests(OpenClFp16Fixture fixture) : GroupNormTests(fixture);

[Collection(OpenClCollection.Name)]
public sealed class OpenClBf16GroupNormTests(OpenClBf16Fixture fixture) : GroupNormTests(fixture);

[Collection(PtxCollection.Name)]
public sealed class PtxFp32GroupNormTests(PtxFp32Fixture fixture) : GroupNormTests(fixture);

[Collection(PtxCollection.Name)]
public sealed class PtxBf16GroupNormTests(PtxBf16Fixture fixture) : GroupNormTests(fixture);

[Collection(PtxCollection.Name)]
public sealed class PtxFp16GroupNormTests(PtxFp16Fixture fixture) : GroupNormTests(fixture);
