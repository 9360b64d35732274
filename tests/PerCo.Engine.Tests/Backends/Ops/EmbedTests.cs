using PerCo.Engine.Tensors;
using PerCo.Engine.Tests.Backends.Gpu;
using PerCo.Engine.Tests.Backends.Gpu.Cuda;
using Xunit;

namespace PerCo.Engine.Tests.Backends.Ops;

public abstract class EmbedTests(BackendFixture fixture) : OpSuite(fixture)
{
    [SkippableFact]
    public void RowsOfTheTable() => Compare(Tolerance.Exact, op =>
    {
        using EmbeddingWeights table = op.Backend.PrepareEmbedding(OpCase.Weight(new Shape(50, 33), "table"));
        return op.Backend.Embed([49, 0, 7, 7, 1, 30], table, batch: 2);
    });
}

public sealed class CpuAvx512EmbedTests(CpuAvx512Fixture fixture)
    : EmbedTests(fixture), IClassFixture<CpuAvx512Fixture>;

public sealed class CpuAvx2EmbedTests(CpuAvx2Fixture fixture)
    : EmbedTests(fixture), IClassFixture<CpuAvx2Fixture>;

public sealed class CpuVector128EmbedTests(CpuVector128Fixture fixture)
    : EmbedTests(fixture), IClassFixture<CpuVector128Fixture>;

[Collection(OpenClCollection.Name)]
public sealed class OpenClFp32EmbedTests(OpenClFp32Fixture fixture) : EmbedTests(fixture);

[Collection(OpenClCollection.Name)]
public sealed class OpenClFp16EmbedTests(OpenClFp16Fixture fixture) : EmbedTests(fixture);

[Collection(OpenClCollection.Name)]
public sealed class OpenClBf16EmbedTests(OpenClBf16Fixture fixture) : EmbedTests(fixture);

[Collection(PtxCollection.Name)]
public sealed class PtxFp32EmbedTests(PtxFp32Fixture fixture) : EmbedTests(fixture);

[Collection(PtxCollection.Name)]
public sealed class PtxBf16EmbedTests(PtxBf16Fixture fixture) : EmbedTests(fixture);

[Collection(PtxCollection.Name)]
public sealed class PtxFp16EmbedTests(PtxFp16Fixture fixture) : EmbedTests(fixture);
