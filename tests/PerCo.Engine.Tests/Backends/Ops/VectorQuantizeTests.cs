using PerCo.Engine.Backends;
using PerCo.Engine.Tensors;
using Xunit;

namespace PerCo.Engine.Tests.Backends.Ops;

/// <summary>Indices go into files: they and the margins must be the reference's exactly.</summary>
public abstract class VectorQuantizeTests(BackendFixture fixture) : OpSuite(fixture)
{
    [SkippableFact]
    public void EveryTailOfEntries()
    {
        for (int entries = 1; entries <= 40; entries++)
        {
            Check(5, entries, 8);
        }
    }

    [SkippableFact]
    public void EveryTailOfPositions()
    {
        for (int rows = 1; rows <= 20; rows++)
        {
            Check(rows, 70, 6);
        }
    }

    [SkippableTheory]
    [InlineData(64, 256, 32)]
    [InlineData(100, 8196, 8)] // the paper's largest codebook
    [InlineData(33, 1024, 32)]
    public void CodebooksOfTheRates(int rows, int entries, int channels) => Check(rows, entries, channels);

    [SkippableFact]
    public void TheFirstOfEqualsWins()
    {
        float[] codes = UnitCodes(90, 8);
        codes.AsSpan(20 * 8, 8).CopyTo(codes.AsSpan(7 * 8));
        codes.AsSpan(20 * 8, 8).CopyTo(codes.AsSpan(81 * 8));
        float[] x = [.. codes[(20 * 8)..(21 * 8)].Select(v => v * 3), .. codes[(80 * 8)..(81 * 8)]];
        (int[] indices, float[] margins) = Compare(x, codes, 8);
        Assert.Equal([7, 80], indices);
        Assert.Equal(0, margins[0]);
    }

    // Differences far below fp32's precision decide.
    [SkippableFact]
    public void NearTies()
    {
        float[] codes = UnitCodes(40, 16);
        for (int entry = 1; entry < 40; entry++)
        {
            codes.AsSpan(0, 16).CopyTo(codes.AsSpan(entry * 16));
            codes[entry * 16 + entry % 16] = MathF.BitIncrement(codes[entry % 16]);
        }

        Compare(OpCase.Values("x", 50 * 16), codes, 16);
    }

    [SkippableFact]
    public void ZerosAndExtremeLengths()
    {
        float[] x = OpCase.Values("x", 5 * 8);
        x.AsSpan(0, 8).Clear();
        for (int c = 0; c < 8; c++)
        {
            x[8 + c] *= 1e30f;
            x[16 + c] *= 1e-30f;
            x[24 + c] = c == 3 ? 1e20f : 1e-20f;
        }

        (int[] indices, _) = Compare(x, UnitCodes(100, 8), 8);
        Assert.Equal(0, indices[0]);
    }

    [SkippableFact]
    public void NaNStaysInItsPosition()
    {
        float[] x = OpCase.Values("x", 6 * 8);
        x[19] = float.NaN;
        x[33] = float.PositiveInfinity;
        (_, float[] margins) = Compare(x, UnitCodes(30, 8), 8);
        Assert.Equal([false, false, true, false, true, false], margins.Select(float.IsNaN));
    }

    private void Check(int rows, int entries, int channels) =>
        Compare(OpCase.Values("x", (long)rows * channels, 2), UnitCodes(entries, channels), channels);

    private (int[] Indices, float[] Margins) Compare(float[] x, float[] codes, int channels)
    {
        (int[] Indices, float[] Margins) expected = Run(Reference, x, codes, channels);
        (int[] Indices, float[] Margins) actual = Run(Backend, x, codes, channels);
        Assert.Equal(expected.Indices, actual.Indices);
        Assert.Equal(expected.Margins, actual.Margins);
        return actual;
    }

    private static (int[] Indices, float[] Margins) Run(Backend backend, float[] x, float[] codes, int channels)
    {
        using var op = new OpCase(backend);
        using CodebookWeights codebook = backend.PrepareCodebook(
            HostTensor.FromFloats("codes", new Shape(codes.Length / channels, channels), codes));
        int rows = x.Length / channels;
        Tensor vectors = op.Upload(new Shape(1, rows, channels), x);
        var indices = new int[rows];
        var margins = new float[rows];
        backend.VectorQuantize(vectors, codebook, indices, margins);

        var again = new int[rows];
        backend.VectorQuantize(vectors, codebook, again);
        Assert.Equal(indices, again);
        return (indices, margins);
    }

    private static float[] UnitCodes(int entries, int channels)
    {
        float[] codes = OpCase.Values("codes", (long)entries * channels);
        for (int entry = 0; entry < entries; entry++)
        {
            Span<float> code = codes.AsSpan(entry * channels, channels);
            float squares = 0;
            foreach (float value in code)
            {
                squares += value * value;
            }

            foreach (ref float value in code)
            {
                value /= MathF.Sqrt(squares);
            }
        }

        return codes;
    }
}

public sealed class CpuAvx512VectorQuantizeTests(CpuAvx512Fixture fixture)
    : VectorQuantizeTests(fixture), IClassFixture<CpuAvx512Fixture>;

public sealed class CpuAvx2VectorQuantizeTests(CpuAvx2Fixture fixture)
    : VectorQuantizeTests(fixture), IClassFixture<CpuAvx2Fixture>;

public sealed class CpuVector128VectorQuantizeTests(CpuVector128Fixture fixture)
    : VectorQuantizeTests(fixture), IClassFixture<CpuVector128Fixture>;
