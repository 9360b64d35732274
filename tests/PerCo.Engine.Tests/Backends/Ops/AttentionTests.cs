using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;
using PerCo.Engine.Tests.Backends.Gpu;
using PerCo.Engine.Tests.Backends.Gpu.Cuda;
using Xunit;

namespace PerCo.Engine.Tests.Backends.Ops;

public abstract class AttentionTests(BackendFixture fixture) : OpSuite(fixture)
{
    [SkippableFact]
    public void EveryTailOfQueries()
    {
        for (int queries = 1; queries <= 67; queries++)
        {
            Check(1, queries, 19, 1, 8);
        }
    }

    [SkippableFact]
    public void EveryTailOfKeys()
    {
        for (int keys = 1; keys <= 33; keys++)
        {
            Check(1, 1, keys, 1, 12);
            Check(1, 5, keys, 1, 12);
            Check(1, 5, 100 + keys, 1, 12); // around the end of a block
        }
    }

    [SkippableFact]
    public void EveryTailOfChannels()
    {
        for (int channels = 1; channels <= 35; channels++)
        {
            Check(1, 1, 18, 3, channels);
            Check(1, 6, 18, 3, channels);
        }
    }

    [SkippableTheory]
    [InlineData(2, 384, 384, 2, 48)] // self-attention of a small U-Net
    [InlineData(1, 256, 256, 8, 40)] // heads of Stable Diffusion 1
    [InlineData(2, 256, 77, 5, 64)] // cross-attention on a prompt
    [InlineData(1, 96, 32, 2, 80)] // on the captioner's queries
    [InlineData(1, 257, 257, 2, 88)] // its picture encoder
    [InlineData(1, 225, 225, 1, 512)] // the autoencoder
    [InlineData(1, 32, 300, 2, 128)]
    public void ShapesOfTheNetworks(int batch, int queries, int keys, int heads, int channels) =>
        Check(batch, queries, keys, heads, channels);

    [SkippableTheory]
    [InlineData(1, 77, 77, 0)] // a prompt
    [InlineData(2, 40, 300, 0)] // newest positions, cache longer than a block
    [InlineData(1, 1, 64, 41)] // one more token, in a cache that is not full
    [InlineData(1, 7, 130, 120)]
    [InlineData(2, 130, 130, 130)]
    public void CausalWithCache(int batch, int queries, int keys, int keyCount) =>
        Compare(Tolerance.Attention, op => op.Backend.Attention(
            op.Random(new Shape(batch, queries, 3 * 20), "q", 3),
            op.Random(new Shape(batch, keys, 3 * 20), "k", 2),
            op.Random(new Shape(batch, keys, 3 * 20), "v"),
            new AttentionSpec(3, 0.25f) { Causal = true, KeyCount = keyCount }));

    [SkippableFact]
    public void KeysThatAreNotCountedAreNotRead() => Compare(Tolerance.Attention, op =>
    {
        float[] k = OpCase.Values("k", 2 * 20 * 16), v = OpCase.Values("v", 2 * 20 * 16);
        foreach (float[] values in (float[][])[k, v])
        {
            values.AsSpan(13 * 16, 7 * 16).Fill(float.NaN);
            values.AsSpan(33 * 16, 7 * 16).Fill(float.NaN);
        }

        var shape = new Shape(2, 20, 16);
        return op.Backend.Attention(
            op.Random(new Shape(2, 6, 16), "q", 3), op.Upload(shape, k), op.Upload(shape, v),
            new AttentionSpec(2, 0.3f) { KeyCount = 13 });
    });

    [SkippableTheory]
    [InlineData(50)]
    [InlineData(1)]
    public void FusedQueriesKeysAndValues(int tokens) => Compare(Tolerance.Attention, op =>
    {
        Tensor qkv = op.Random(new Shape(2, tokens, 3 * 44), "qkv", 2);
        return op.Backend.Attention(
            new ChannelSlice(qkv, 0, 44), new ChannelSlice(qkv, 44, 44), new ChannelSlice(qkv, 88, 44),
            new AttentionSpec(4, 0.3f));
    });

    // Rounding a score of 10⁴ changes its weight by a thousandth, in any fp32 arithmetic.
    [SkippableTheory]
    [InlineData(40)]
    [InlineData(1)]
    public void LargeScores(int queries) => Compare(new Tolerance(2e-3, 5e-2), op => op.Backend.Attention(
        op.Random(new Shape(1, queries, 24), "q", 100), op.Random(new Shape(1, 150, 24), "k", 100),
        op.Random(new Shape(1, 150, 24), "v"), new AttentionSpec(1, 0.5f)));

    // The largest score comes last and is far above all others: what was summed before must vanish.
    [SkippableTheory]
    [InlineData(40)]
    [InlineData(1)]
    public void LargestScoreInTheLastBlock(int queries) => Compare(Tolerance.Attention, op =>
    {
        float[] k = OpCase.Values("k", 250 * 8);
        k.AsSpan(249 * 8, 8).Fill(-1e4f);
        float[] q = OpCase.Values("q", queries * 8L);
        for (int i = 0; i < q.Length; i++)
        {
            q[i] = -1 - q[i] * q[i];
        }

        return op.Backend.Attention(
            op.Upload(new Shape(1, queries, 8), q), op.Upload(new Shape(1, 250, 8), k),
            op.Random(new Shape(1, 250, 8), "v"), new AttentionSpec(1, 0.35f));
    });

    // A softmax that comes block by block may go on with a maximum that newer scores exceed, but not by much. Rounding
    // a score of 240 changes its weight by 1e-5.
    [SkippableTheory]
    [InlineData(40, 0.03f)]
    [InlineData(1, 0.03f)]
    [InlineData(40, 0.2f)]
    [InlineData(1, 0.2f)]
    public void ScoresThatGrowFromKeyToKey(int queries, float growth) => Compare(new Tolerance(3e-5, 1e-3), op =>
    {
        float[] k = OpCase.Values("k", 400 * 8);
        for (int key = 0; key < 400; key++)
        {
            k[key * 8] = growth * key;
        }

        float[] q = OpCase.Values("q", queries * 8L);
        for (int query = 0; query < queries; query++)
        {
            q[query * 8] = 1 + query % 3;
        }

        return op.Backend.Attention(
            op.Upload(new Shape(1, queries, 8), q), op.Upload(new Shape(1, 400, 8), k),
            op.Random(new Shape(1, 400, 8), "v"), new AttentionSpec(1, 1));
    });

    [SkippableTheory]
    [InlineData(40)]
    [InlineData(1)]
    public void EqualKeysGiveTheMean(int queries) => Compare(Tolerance.Attention, op =>
    {
        float[] k = new float[200 * 8];
        Array.Fill(k, 0.5f);
        return op.Backend.Attention(
            op.Random(new Shape(1, queries, 8), "q", 50), op.Upload(new Shape(1, 200, 8), k),
            op.Random(new Shape(1, 200, 8), "v"), new AttentionSpec(1, 1));
    });

    [SkippableTheory]
    [InlineData(35)]
    [InlineData(1)]
    public void NaNInAQueryStaysInItsRow(int queries) => Compare(Tolerance.Attention, op =>
    {
        float[] q = OpCase.Values("q", queries * 2L * 8);
        q[5] = float.NaN;
        return op.Backend.Attention(
            op.Upload(new Shape(2, queries, 8), q), op.Random(new Shape(2, 120, 8), "k"),
            op.Random(new Shape(2, 120, 8), "v"), new AttentionSpec(1, 1));
    });

    [SkippableTheory]
    [InlineData(35)]
    [InlineData(1)]
    public void NaNInAKeyReachesAllQueries(int queries) => Compare(Tolerance.Attention, op =>
    {
        float[] k = OpCase.Values("k", 130 * 8L);
        k[3] = float.NaN;
        return op.Backend.Attention(
            op.Random(new Shape(1, queries, 8), "q"), op.Upload(new Shape(1, 130, 8), k),
            op.Random(new Shape(1, 130, 8), "v"), new AttentionSpec(1, 1));
    });

    private void Check(int batch, int queries, int keys, int heads, int channels) =>
        Compare(Tolerance.Attention, op => op.Backend.Attention(
            op.Random(new Shape(batch, queries, heads * channels), "q", 3),
            op.Random(new Shape(batch, keys, heads * channels), "k", 3),
            op.Random(new Shape(batch, keys, heads * channels), "v"),
            new AttentionSpec(heads, 1 / MathF.Sqrt(channels))));
}

public sealed class CpuAvx512AttentionTests(CpuAvx512Fixture fixture)
    : AttentionTests(fixture), IClassFixture<CpuAvx512Fixture>;

public sealed class CpuAvx2AttentionTests(CpuAvx2Fixture fixture)
    : AttentionTests(fixture), IClassFixture<CpuAvx2Fixture>;

public sealed class CpuVector128AttentionTests(CpuVector128Fixture fixture)
    : AttentionTests(fixture), IClassFixture<CpuVector128Fixture>;

[Collection(OpenClCollection.Name)]
public sealed class OpenClFp32AttentionTests(OpenClFp32Fixture fixture) : AttentionTests(fixture);

[Collection(OpenClCollection.Name)]
public sealed class OpenClFp16AttentionTests(OpenClFp16Fixture fixture) : AttentionTests(fixture);

[Collection(OpenClCollection.Name)]
public sealed class OpenClBf16AttentionTests(OpenClBf16Fixture fixture) : AttentionTests(fixture);

[Collection(OpenClCollection.Name)]
public sealed class MmaFp16AttentionTests(MmaFp16Fixture fixture) : AttentionTests(fixture);

[Collection(OpenClCollection.Name)]
public sealed class MmaBf16AttentionTests(MmaBf16Fixture fixture) : AttentionTests(fixture);

[Collection(PtxCollection.Name)]
public sealed class PtxFp32AttentionTests(PtxFp32Fixture fixture) : AttentionTests(fixture);

[Collection(PtxCollection.Name)]
public sealed class PtxBf16AttentionTests(PtxBf16Fixture fixture) : AttentionTests(fixture);

[Collection(PtxCollection.Name)]
public sealed class PtxMmaAttentionTests(PtxMmaFixture fixture) : AttentionTests(fixture);

[Collection(PtxCollection.Name)]
public sealed class PtxWgmmaAttentionTests(PtxWgmmaFixture fixture) : AttentionTests(fixture);
