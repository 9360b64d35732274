using PerCo.Engine.Tensors;
using PerCo.Engine.Tests.Backends.Gpu;
using PerCo.Engine.Tests.Backends.Gpu.Cuda;
using Xunit;

namespace PerCo.Engine.Tests.Backends.Ops;

public abstract class AddTests(BackendFixture fixture) : OpSuite(fixture)
{
    [SkippableFact]
    public void EveryTail()
    {
        for (int channels = 1; channels <= 33; channels++)
        {
            Check(new Shape(2, 1, channels), new Shape(2, 1, channels));
        }
    }

    [SkippableFact]
    public void EveryTailOfOneForTheWholeBatch()
    {
        for (int channels = 1; channels <= 33; channels++)
        {
            Check(new Shape(3, 1, channels), new Shape(1, 1, channels));
        }
    }

    [SkippableFact]
    public void LargerThanOneItem()
    {
        Check(new Shape(2, 96, 96, 3), new Shape(2, 96, 96, 3));
        Check(new Shape(2, 77, 300), new Shape(77, 300)); // position embeddings
    }

    private void Check(Shape x, Shape y) =>
        Compare(Tolerance.Exact, op => op.Backend.Add(op.Random(x, "x"), op.Random(y, "y")));
}

public sealed class CpuAvx512AddTests(CpuAvx512Fixture fixture)
    : AddTests(fixture), IClassFixture<CpuAvx512Fixture>;

public sealed class CpuAvx2AddTests(CpuAvx2Fixture fixture)
    : AddTests(fixture), IClassFixture<CpuAvx2Fixture>;

public sealed class CpuVector128AddTests(CpuVector128Fixture fixture)
    : AddTests(fixture), IClassFixture<CpuVector128Fixture>;

[Collection(OpenClCollection.Name)]
public sealed class OpenClFp32AddTests(OpenClFp32Fixture fixture) : AddTests(fixture);

[Collection(OpenClCollection.Name)]
public sealed class OpenClFp16AddTests(OpenClFp16Fixture fixture) : AddTests(fixture);

[Collection(OpenClCollection.Name)]
public sealed class OpenClBf16AddTests(OpenClBf16Fixture fixture) : AddTests(fixture);

[Collection(PtxCollection.Name)]
public sealed class PtxFp32AddTests(PtxFp32Fixture fixture) : AddTests(fixture);

[Collection(PtxCollection.Name)]
public sealed class PtxBf16AddTests(PtxBf16Fixture fixture) : AddTests(fixture);

[Collection(PtxCollection.Name)]
public sealed class PtxFp16AddTests(PtxFp16Fixture fixture) : AddTests(fixture);
