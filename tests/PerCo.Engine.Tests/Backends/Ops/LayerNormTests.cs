using PerCo.Engine.Tensors;
using PerCo.Engine.Tests.Backends.Gpu;
using PerCo.Engine.Tests.Backends.Gpu.Cuda;
using Xunit;

namespace PerCo.Engine.Tests.Backends.Ops;

public abstract class LayerNormTests(BackendFixture fixture) : OpSuite(fixture)
{
    [SkippableFact]
    public void EveryTailOfChannels()
    {
        for (int channels = 1; channels <= 70; channels++)
        {
            Check(new Shape(1, 3, channels), 2, 0);
        }
    }

    [SkippableTheory]
    [InlineData(2, 384, 96)] // U-Net of PerCo-Mini
    [InlineData(2, 77, 1024)] // CLIP text encoder
    [InlineData(1, 1, 2560)] // one token of the captioner
    [InlineData(1, 257, 1408)] // its picture encoder
    public void ShapesOfTheNetworks(int batch, int tokens, int channels) =>
        Check(new Shape(batch, tokens, channels), 2, 0.3f);

    [SkippableFact]
    public void LargeMeanAndSmallDeviation() => Check(new Shape(1, 5, 320), 0.01f, 100);

    [SkippableFact]
    public void OneLargeValueAmongSmallOnes() => Compare(Tolerance.Sum, op =>
    {
        float[] x = OpCase.Values("x", 3 * 200);
        x[17] = 1e4f;
        x[399] = -1e4f;
        return Norm(op, op.Upload(new Shape(1, 3, 200), x));
    });

    [SkippableFact]
    public void EqualValuesGiveTheShift() => Compare(Tolerance.Exact, op =>
    {
        float[] x = new float[2 * 77];
        Array.Fill(x, 0.7f);
        return Norm(op, op.Upload(new Shape(1, 2, 77), x));
    });

    [SkippableFact]
    public void NaNStaysInItsRow() => Compare(Tolerance.Elementwise, op =>
    {
        float[] x = OpCase.Values("x", 3 * 40);
        x[50] = float.NaN;
        return Norm(op, op.Upload(new Shape(1, 3, 40), x));
    });

    private void Check(Shape shape, float scale, float mean) => Compare(Tolerance.Norm, op =>
        Norm(op, op.Upload(shape, [.. OpCase.Values("x", shape.Count, scale).Select(v => v + mean)])));

    private static Tensor Norm(OpCase op, Tensor x)
    {
        var channels = new Shape(x.Shape.Channels);
        using NormWeights weights = op.Backend.PrepareNorm(OpCase.Weight(channels, "scale"), OpCase.Weight(channels,
            "shift"));
        return op.Backend.LayerNorm(x, weights, 1e-5f);
    }
}

public sealed class CpuAvx512LayerNormTests(CpuAvx512Fixture fixture)
    : LayerNormTests(fixture), IClassFixture<CpuAvx512Fixture>;

public sealed class CpuAvx2LayerNormTests(CpuAvx2Fixture fixture)
    : LayerNormTests(fixture), IClassFixture<CpuAvx2Fixture>;

public sealed class CpuVector128LayerNormTests(CpuVector128Fixture fixture)
    : LayerNormTests(fixture), IClassFixture<CpuVector128Fixture>;

[Collection(OpenClCollection.Name)]
public sealed class OpenClFp32LayerNormTests(OpenClFp32Fixture fixture) : LayerNormTests(fixture);

[Collection(OpenClCollection.Name)]
public sealed class OpenClFp16LayerNormTests(OpenClFp16Fixture fixture) : LayerNormTests(fixture);

[Collection(OpenClCollection.Name)]
public sealed class OpenClBf16LayerNormTests(OpenClBf16Fixture fixture) : LayerNormTests(fixture);

[Collection(PtxCollection.Name)]
public sealed class PtxFp32LayerNormTests(PtxFp32Fixture fixture) : LayerNormTests(fixture);

[Collection(PtxCollection.Name)]
public sealed class PtxBf16LayerNormTests(PtxBf16Fixture fixture) : LayerNormTests(fixture);

[Collection(PtxCollection.Name)]
public sealed class PtxFp16LayerNormTests(PtxFp16Fixture fixture) : LayerNormTests(fixture);
