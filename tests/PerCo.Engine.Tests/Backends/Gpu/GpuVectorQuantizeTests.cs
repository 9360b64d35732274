using PerCo.Engine.Backends;
using PerCo.Engine.Tensors;
using PerCo.Engine.Tests.Backends.Gpu.Cuda;
using Xunit;

namespace PerCo.Engine.Tests.Backends.Gpu;

/// <summary>
/// The CPU's indices are the reference's exactly, sums in double precision; on a GPU they are where the margin says so.
/// </summary>
public abstract class GpuVectorQuantizeTests(BackendFixture fixture) : OpSuite(fixture)
{
    // Below this the codes are too close for fp32 sums to tell them apart.
    private const float NearTie = 1e-4f;

    private readonly BackendFixture _fixture = fixture;

    [SkippableTheory]
    [InlineData(6, 1, 5)]
    [InlineData(1, 7, 1)]
    [InlineData(33, 8, 100)]
    [InlineData(96, 32, 1024)]
    [InlineData(5, 320, 517)]
    public void IndicesAndMargins(int rows, int channels, int entries)
    {
        (int[] expected, float[] margins) = Run(_fixture.Reference, rows, channels, entries);
        (int[] actual, float[] actualMargins) = Run(Backend, rows, channels, entries);
        for (int i = 0; i < rows && entries > 1; i++)
        {
            Assert.True(expected[i] == actual[i] || margins[i] < NearTie, $"Row {i}: {actual[i]}, not {expected[i]}.");
            Assert.InRange(actualMargins[i], margins[i] - NearTie, margins[i] + NearTie);
        }
    }

    [SkippableFact]
    public void TheFirstOfEqualsWins()
    {
        using CodebookWeights codes = Backend.PrepareCodebook(
            HostTensor.FromFloats("codes", new Shape(40, 2), [.. Enumerable.Repeat((float[])[0.6f, 0.8f], 40)
                .SelectMany(code => code)]));
        using Tensor x = Backend.Upload(new Shape(1, 3, 2), [3, 4, 0, 0, -1, 2]);
        var indices = new int[3];
        var margins = new float[3];
        Backend.VectorQuantize(x, codes, indices, margins);
        Assert.Equal([0, 0, 0], indices);
        Assert.Equal([0f, 0f, 0f], margins);
    }

    private (int[] Indices, float[] Margins) Run(Backend backend, int rows, int channels, int entries)
    {
        float[] values = OpCase.Values("codes", (long)entries * channels);
        for (int entry = 0; entry < entries; entry++)
        {
            Span<float> code = values.AsSpan(entry * channels, channels);
            float norm = MathF.Sqrt(code.ToArray().Sum(v => v * v));
            foreach (ref float v in code)
            {
                v /= norm;
            }
        }

        using var op = new OpCase(backend, _fixture.Stored);
        using CodebookWeights codes = backend.PrepareCodebook(
            HostTensor.FromFloats("codes", new Shape(entries, channels), values));
        var indices = new int[rows];
        var margins = new float[rows];
        backend.VectorQuantize(op.Random(new Shape(1, rows, channels), "x"), codes, indices, margins);
        var withoutMargins = new int[rows];
        backend.VectorQuantize(op.Random(new Shape(1, rows, channels), "x"), codes, withoutMargins);
        Assert.Equal(indices, withoutMargins);
        return (indices, margins);
    }
}

[Collection(OpenClCollection.Name)]
public sealed class OpenClFp32VectorQuantizeTests(OpenClFp32Fixture fixture) : GpuVectorQuantizeTests(fixture);

[Collection(OpenClCollection.Name)]
public sealed class OpenClFp16VectorQuantizeTests(OpenClFp16Fixture fixture) : GpuVectorQuantizeTests(fixture);

[Collection(OpenClCollection.Name)]
public sealed class OpenClBf16VectorQuantizeTests(OpenClBf16Fixture fixture) : GpuVectorQuantizeTests(fixture);

[Collection(PtxCollection.Name)]
public sealed class PtxFp32VectorQuantizeTests(PtxFp32Fixture fixture) : GpuVectorQuantizeTests(fixture);

[Collection(PtxCollection.Name)]
public sealed class PtxBf16VectorQuantizeTests(PtxBf16Fixture fixture) : GpuVectorQuantizeTests(fixture);

[Collection(PtxCollection.Name)]
public sealed class PtxFp16VectorQuantizeTests(PtxFp16Fixture fixture) : GpuVectorQuantizeTests(fixture);
