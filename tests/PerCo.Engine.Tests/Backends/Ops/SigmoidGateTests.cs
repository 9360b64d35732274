using PerCo.Engine.Tensors;
using PerCo.Engine.Tests.Backends.Gpu;
using PerCo.Engine.Tests.Backends.Gpu.Cuda;
using Xunit;

namespace PerCo.Engine.Tests.Backends.Ops;

public abstract class SigmoidGateTests(BackendFixture fixture) : OpSuite(fixture)
{
    [SkippableFact]
    public void EveryTail()
    {
        for (int channels = 1; channels <= 33; channels++)
        {
            Check(new Shape(1, 1, channels));
        }
    }

    [SkippableFact]
    public void LargerThanOneItem() => Check(new Shape(2, 64, 64, 5));

    [SkippableFact]
    public void NaNInAnyOperandPassesAndLargeGatesSaturate() => Compare(Tolerance.Exact, op =>
    {
        const float N = float.NaN;
        var shape = new Shape(1, 1, 5);
        return op.Backend.SigmoidGate(
            op.Upload(shape, [N, 1, 1, 1, 1]), op.Upload(shape, [1, N, 1, 2, 2]), op.Upload(shape, [1, 1, N, 1e9f,
                -1e9f]));
    });

    private void Check(Shape shape) => Compare(Tolerance.Elementwise, op =>
        op.Backend.SigmoidGate(op.Random(shape, "x"), op.Random(shape, "value", 2), op.Random(shape, "gate", 8)));
}

public sealed class CpuAvx512SigmoidGateTests(CpuAvx512Fixture fixture)
    : SigmoidGateTests(fixture), IClassFixture<CpuAvx512Fixture>;

public sealed class CpuAvx2SigmoidGateTests(CpuAvx2Fixture fixture)
    : SigmoidGateTests(fixture), IClassFixture<CpuAvx2Fixture>;

public sealed class CpuVector128SigmoidGateTests(CpuVector128Fixture fixture)
    : SigmoidGateTests(fixture), IClassFixture<CpuVector128Fixture>;

[Collection(OpenClCollection.Name)]
public sealed class OpenClFp32SigmoidGateTests(OpenClFp32Fixture fixture) : SigmoidGateTests(fixture);

[Collection(OpenClCollection.Name)]
public sealed class OpenClFp16SigmoidGateTests(OpenClFp16Fixture fixture) : SigmoidGateTests(fixture);

[Collection(OpenClCollection.Name)]
public sealed class OpenClBf16SigmoidGateTests(OpenClBf16Fixture fixture) : SigmoidGateTests(fixture);

[Collection(PtxCollection.Name)]
public sealed class PtxFp32SigmoidGateTests(PtxFp32Fixture fixture) : SigmoidGateTests(fixture);

[Collection(PtxCollection.Name)]
public sealed class PtxBf16SigmoidGateTests(PtxBf16Fixture fixture) : SigmoidGateTests(fixture);

[Collection(PtxCollection.Name)]
public sealed class PtxFp16SigmoidGateTests(PtxFp16Fixture fixture) : SigmoidGateTests(fixture);
