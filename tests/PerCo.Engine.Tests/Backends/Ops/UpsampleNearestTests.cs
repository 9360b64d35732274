using PerCo.Engine.Tensors;
using PerCo.Engine.Tests.Backends.Gpu;
using PerCo.Engine.Tests.Backends.Gpu.Cuda;
using Xunit;

namespace PerCo.Engine.Tests.Backends.Ops;

public abstract class UpsampleNearestTests(BackendFixture fixture) : OpSuite(fixture)
{
    [SkippableTheory]
    [InlineData(1, 4, 6, 3, 8, 12)]
    [InlineData(2, 8, 8, 320, 16, 16)]
    [InlineData(1, 5, 7, 17, 13, 11)] // sizes that do not divide
    [InlineData(1, 9, 6, 4, 4, 5)] // fewer than there were
    [InlineData(1, 1, 1, 33, 3, 2)]
    public void AnySize(int batch, int height, int width, int channels, int toHeight, int toWidth) =>
        Compare(Tolerance.Exact, op => op.Backend.UpsampleNearest(
            op.Random(new Shape(batch, height, width, channels), "x"), toHeight, toWidth));
}

public sealed class CpuAvx512UpsampleNearestTests(CpuAvx512Fixture fixture)
    : UpsampleNearestTests(fixture), IClassFixture<CpuAvx512Fixture>;

public sealed class CpuAvx2UpsampleNearestTests(CpuAvx2Fixture fixture)
    : UpsampleNearestTests(fixture), IClassFixture<CpuAvx2Fixture>;

public sealed class CpuVector128UpsampleNearestTests(CpuVector128Fixture fixture)
    : UpsampleNearestTests(fixture), IClassFixture<CpuVector128Fixture>;

[Collection(OpenClCollection.Name)]
public sealed class OpenClFp32UpsampleNearestTests(OpenClFp32Fixture fixture) : UpsampleNearestTests(fixture);

[Collection(OpenClCollection.Name)]
public sealed class OpenClFp16UpsampleNearestTests(OpenClFp16Fixture fixture) : UpsampleNearestTests(fixture);

[Collection(OpenClCollection.Name)]
public sealed class OpenClBf16UpsampleNearestTests(OpenClBf16Fixture fixture) : UpsampleNearestTests(fixture);

[Collection(PtxCollection.Name)]
public sealed class PtxFp32UpsampleNearestTests(PtxFp32Fixture fixture) : UpsampleNearestTests(fixture);

[Collection(PtxCollection.Name)]
public sealed class PtxBf16UpsampleNearestTests(PtxBf16Fixture fixture) : UpsampleNearestTests(fixture);

[Collection(PtxCollection.Name)]
public sealed class PtxFp16UpsampleNearestTests(PtxFp16Fixture fixture) : UpsampleNearestTests(fixture);
