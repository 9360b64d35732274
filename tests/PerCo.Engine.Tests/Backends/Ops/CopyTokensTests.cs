using PerCo.Engine.Tensors;
using PerCo.Engine.Tests.Backends.Gpu;
using PerCo.Engine.Tests.Backends.Gpu.Cuda;
using Xunit;

namespace PerCo.Engine.Tests.Backends.Ops;

public abstract class CopyTokensTests(BackendFixture fixture) : OpSuite(fixture)
{
    [SkippableTheory]
    [InlineData(1, 5, 0, 5, 8, 3)] // a prompt into a cache
    [InlineData(2, 1, 0, 1, 9, 8)] // a token at its end
    [InlineData(2, 300, 299, 1, 1, 0)] // the last token out of a sequence
    [InlineData(1, 700, 20, 600, 640, 17)] // larger than one item
    [InlineData(1, 3, 1, 0, 3, 0)] // nothing
    public void RunsOfTokens(int batch, int tokens, int start, int count, int room, int destinationStart) =>
        Compare(Tolerance.Exact, op =>
        {
            // Keys within a fused projection.
            var source = new ChannelSlice(op.Random(new Shape(batch, tokens, 111), "x"), 37, 37);
            Tensor cache = op.Backend.Upload(
                new Shape(batch, room, 37), OpCase.Values("cache", (long)batch * room * 37));
            op.Backend.CopyTokens(source, start, count, cache, destinationStart);
            return cache;
        });
}

public sealed class CpuAvx512CopyTokensTests(CpuAvx512Fixture fixture)
    : CopyTokensTests(fixture), IClassFixture<CpuAvx512Fixture>;

public sealed class CpuAvx2CopyTokensTests(CpuAvx2Fixture fixture)
    : CopyTokensTests(fixture), IClassFixture<CpuAvx2Fixture>;

public sealed class CpuVector128CopyTokensTests(CpuVector128Fixture fixture)
    : CopyTokensTests(fixture), IClassFixture<CpuVector128Fixture>;

[Collection(OpenClCollection.Name)]
public sealed class OpenClFp32CopyTokensTests(OpenClFp32Fixture fixture) : CopyTokensTests(fixture);

[Collection(OpenClCollection.Name)]
public sealed class OpenClFp16CopyTokensTests(OpenClFp16Fixture fixture) : CopyTokensTests(fixture);

[Collection(OpenClCollection.Name)]
public sealed class OpenClBf16CopyTokensTests(OpenClBf16Fixture fixture) : CopyTokensTests(fixture);

[Collection(PtxCollection.Name)]
public sealed class PtxFp32CopyTokensTests(PtxFp32Fixture fixture) : CopyTokensTests(fixture);

[Collection(PtxCollection.Name)]
public sealed class PtxBf16CopyTokensTests(PtxBf16Fixture fixture) : CopyTokensTests(fixture);

[Collection(PtxCollection.Name)]
public sealed class PtxFp16CopyTokensTests(PtxFp16Fixture fixture) : CopyTokensTests(fixture);
