using PerCo.Engine.Backends.Cpu;
using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;
using Xunit;

namespace PerCo.Engine.Tests.Backends.Cpu;

/// <summary>Norms, element-wise ops and attention: equal bits at every number of threads and every width.</summary>
public sealed class OpDeterminismTests
{
    [Theory]
    [InlineData(1, 30, 40, 40, 64)] // many runs, three panels of keys
    [InlineData(2, 5, 77, 20, 40)]
    [InlineData(1, 3, 7, 1, 12)]
    public void AttentionHasTheSameBitsEverywhere(int batch, int queries, int keys, int heads, int channels) =>
        DeterminismTests.EqualEverywhere(strict: false, op => op.Backend.Attention(
            op.Random(new Shape(batch, queries * 3, heads * channels), "q", 3),
            op.Random(new Shape(batch, keys * 6, heads * channels), "k", 3),
            op.Random(new Shape(batch, keys * 6, heads * channels), "v"),
            new AttentionSpec(heads, 0.2f)));

    [Fact]
    public void AttentionOfOneQueryHasTheSameBitsEverywhere() =>
        DeterminismTests.EqualEverywhere(strict: false, op => op.Backend.Attention(
            op.Random(new Shape(2, 1, 3 * 20), "q", 3), op.Random(new Shape(2, 250, 3 * 20), "k", 3),
            op.Random(new Shape(2, 250, 3 * 20), "v"), new AttentionSpec(3, 0.2f)));

    [Theory]
    [InlineData(3)]
    [InlineData(40)] // scores that exceed the first block's by far
    public void ANewTokenGetsTheSameBitsAsInAPrompt(float scale)
    {
        const int tokens = 240, channels = 2 * 36;
        using var backend = new CpuBackend(new CpuOptions { Threads = 2 });
        using var op = new OpCase(backend);
        float[] queries = OpCase.Values("q", tokens * channels, scale);
        Tensor q = op.Upload(new Shape(1, tokens, channels), queries);
        Tensor k = op.Random(new Shape(1, tokens, channels), "k", 3), v = op.Random(new Shape(1, tokens, channels),
            "v");
        var spec = new AttentionSpec(2, 0.2f) { Causal = true };
        float[] prompt = op.Own(backend.Attention(q, k, v, spec)).ToFloats();
        foreach (int token in (int[])[0, 1, 3, 111, 112, 113, 239])
        {
            Tensor one = op.Upload(
                new Shape(1, 1, channels), queries[(token * channels)..((token + 1) * channels)]);
            float[] alone = op.Own(backend.Attention(one, k, v, spec with { KeyCount = token + 1 })).ToFloats();
            Assert.Equal(prompt[(token * channels)..((token + 1) * channels)], alone);
        }
    }

    [Theory]
    [InlineData(40, 0)]
    [InlineData(23, 13)]
    public void GroupNormHasTheSameBitsEverywhere(int first, int second) =>
        DeterminismTests.EqualEverywhere(strict: false, op =>
        {
            int channels = first + second;
            using NormWeights weights = op.Backend.PrepareNorm(
                OpCase.Weight(new Shape(channels), "scale"), OpCase.Weight(new Shape(channels), "shift"));
            return op.Backend.GroupNorm(
                op.Random(new Shape(2, 70, 60, first), "x"), weights, 4, 1e-5f, Activation.Silu,
                second == 0 ? null : op.Random(new Shape(2, 70, 60, second), "second"));
        });

    [Fact]
    public void LayerNormHasTheSameBitsEverywhere() => DeterminismTests.EqualEverywhere(strict: false, op =>
    {
        using NormWeights weights = op.Backend.PrepareNorm(
            OpCase.Weight(new Shape(333), "scale"), OpCase.Weight(new Shape(333), "shift"));
        return op.Backend.LayerNorm(op.Random(new Shape(1, 200, 333), "x"), weights, 1e-5f);
    });

    [Fact]
    public void ElementwiseOpsHaveTheSameBitsEverywhere() => DeterminismTests.EqualEverywhere(strict: false, op =>
    {
        var shape = new Shape(2, 50, 333);
        using Tensor gelu = op.Backend.Activate(op.Random(shape, "x", 4), Activation.Gelu);
        using Tensor sum = op.Backend.Add(gelu, op.Random(new Shape(1, 50, 333), "y"));
        return op.Backend.SigmoidGate(sum, gelu, op.Random(shape, "gate", 5));
    });
}
