using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;
using PerCo.Engine.Tests.Backends.Gpu;
using PerCo.Engine.Tests.Backends.Gpu.Cuda;
using Xunit;

namespace PerCo.Engine.Tests.Backends.Ops;

public abstract class ActivateTests(BackendFixture fixture) : OpSuite(fixture)
{
    [SkippableTheory]
    [InlineData(Activation.None)]
    [InlineData(Activation.Silu)]
    [InlineData(Activation.Gelu)]
    [InlineData(Activation.QuickGelu)]
    [InlineData(Activation.Relu)]
    public void EveryTail(Activation activation)
    {
        for (int channels = 1; channels <= 33; channels++)
        {
            Check(new Shape(1, 1, channels), activation, 6);
        }
    }

    [SkippableTheory]
    [InlineData(2, 24, 32, 40)]
    [InlineData(1, 3, 5461, 2)] // two values more than two items of work
    public void LargerThanOneItem(int batch, int height, int width, int channels) =>
        Check(new Shape(batch, height, width, channels), Activation.Silu, 3);

    [SkippableTheory]
    [InlineData(Activation.Silu)]
    [InlineData(Activation.Gelu)]
    [InlineData(Activation.QuickGelu)]
    [InlineData(Activation.Relu)]
    public void SpecialValues(Activation activation) => Compare(Tolerance.Exact, op =>
    {
        float[] x = [0, float.NaN, float.PositiveInfinity, 1e30f, -1e30f, 3e38f, -3e38f, 100, -200];
        return op.Backend.Activate(op.Upload(new Shape(1, 1, x.Length), x), activation);
    });

    private void Check(Shape shape, Activation activation, float scale) => Compare(
        activation is Activation.None or Activation.Relu ? Tolerance.Exact : Tolerance.Elementwise,
        op =>
        {
            // The error of GELU below zero is absolute, so one value above gives it a size to compare with.
            float[] x = OpCase.Values("x", shape.Count, scale);
            x[0] = scale;
            return op.Backend.Activate(op.Upload(shape, x), activation);
        });
}

public sealed class CpuAvx512ActivateTests(CpuAvx512Fixture fixture)
    : ActivateTests(fixture), IClassFixture<CpuAvx512Fixture>;

public sealed class CpuAvx2ActivateTests(CpuAvx2Fixture fixture)
    : ActivateTests(fixture), IClassFixture<CpuAvx2Fixture>;

public sealed class CpuVector128ActivateTests(CpuVector128Fixture fixture)
    : ActivateTests(fixture), IClassFixture<CpuVector128Fixture>;

[Collection(OpenClCollection.Name)]
public sealed class OpenClFp32ActivateTests(OpenClFp32Fixture fixture) : ActivateTests(fixture);

[Collection(OpenClCollection.Name)]
public sealed class OpenClFp16ActivateTests(OpenClFp16Fixture fixture) : ActivateTests(fixture);

[Collection(OpenClCollection.Name)]
public sealed class OpenClBf16ActivateTests(OpenClBf16Fixture fixture) : ActivateTests(fixture);

[Collection(PtxCollection.Name)]
public sealed class PtxFp32ActivateTests(PtxFp32Fixture fixture) : ActivateTests(fixture);

[Collection(PtxCollection.Name)]
public sealed class PtxBf16ActivateTests(PtxBf16Fixture fixture) : ActivateTests(fixture);

[Collection(PtxCollection.Name)]
public sealed class PtxFp16ActivateTests(PtxFp16Fixture fixture) : ActivateTests(fixture);
