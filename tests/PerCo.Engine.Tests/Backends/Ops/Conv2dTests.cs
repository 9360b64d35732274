using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;
using PerCo.Engine.Tests.Backends.Gpu;
using PerCo.Engine.Tests.Backends.Gpu.Cuda;
using Xunit;

namespace PerCo.Engine.Tests.Backends.Ops;

public abstract class Conv2dTests(BackendFixture fixture) : OpSuite(fixture)
{
    [SkippableFact]
    public void EveryTailOfInputs()
    {
        for (int inputs = 1; inputs <= 33; inputs++)
        {
            Check(new Case(inputs, 9, 5, 4));
        }
    }

    [SkippableFact]
    public void EveryTailOfOutputs()
    {
        for (int outputs = 1; outputs <= 67; outputs++)
        {
            Check(new Case(6, outputs, 4, 5));
        }
    }

    [SkippableFact]
    public void EveryTailOfWidthAndHeight()
    {
        for (int size = 1; size <= 33; size++)
        {
            Check(new Case(16, 16, 3, size));
            Check(new Case(16, 16, size, 2));
        }
    }

    [SkippableTheory]
    [InlineData(1, 1, 1, 0)]
    [InlineData(1, 1, 2, 0)]
    [InlineData(1, 1, 1, 1)]
    [InlineData(1, 3, 1, 1)]
    [InlineData(3, 1, 1, 2)]
    [InlineData(2, 2, 2, 0)]
    [InlineData(3, 3, 1, 0)]
    [InlineData(3, 3, 1, 2)]
    [InlineData(3, 3, 2, 1)]
    [InlineData(3, 3, 3, 1)]
    [InlineData(4, 4, 4, 0)]
    [InlineData(5, 5, 2, 2)]
    [InlineData(5, 7, 1, 3)]
    public void KernelStrideAndPadding(int height, int width, int stride, int padding)
    {
        foreach (int inputs in (int[])[3, 16, 20])
        {
            Check(new Case(inputs, 21, 11, 9)
            {
                KernelHeight = height, KernelWidth = width, Stride = stride, Padding = Padding.All(padding),
            });
        }
    }

    [SkippableFact]
    public void PaddingOfTheAutoencodersDownSampling() =>
        Check(new Case(24, 24, 8, 10) { Stride = 2, Padding = Padding.BottomRight });

    [SkippableFact]
    public void UnevenPadding() => Check(new Case(5, 6, 4, 3) { Padding = new Padding(2, 0, 1, 3) });

    [SkippableTheory]
    [InlineData(8, 8)]
    [InlineData(16, 16)]
    [InlineData(320, 4)]
    [InlineData(4, 24)]
    [InlineData(17, 31)]
    public void ConcatenatesTwoSources(int first, int second)
    {
        Check(new Case(first + second, 33, 5, 6) { SecondChannels = second });
        Check(new Case(first + second, 16, 5, 6)
        {
            SecondChannels = second, KernelHeight = 1, KernelWidth = 1, Padding = default,
        });
    }

    [SkippableTheory]
    [InlineData(10, 12)]
    [InlineData(5, 12)]
    [InlineData(7, 9)]
    [InlineData(3, 4)]
    public void UpSamplesWhileReading(int height, int width)
    {
        foreach (bool doubles in (bool[])[false, true])
        {
            var c = new Case(16, 32, 5, 6) { UpsampleHeight = height, UpsampleWidth = width, Doubles = doubles };
            Check(c);
            Check(c with { Inputs = 20, Outputs = 7, SecondChannels = 9 });
            Check(c with { KernelHeight = 1, KernelWidth = 1, Padding = default });
            Check(c with { Padding = new Padding(0, 1, 2, 1) });
        }
    }

    [SkippableFact]
    public void DoublesEverySize()
    {
        for (int size = 1; size <= 17; size++)
        {
            foreach (int inputs in (int[])[3, 16, 33])
            {
                Check(new Case(inputs, 21, size, 18 - size)
                {
                    Batch = 2, UpsampleHeight = 2 * size, UpsampleWidth = 36 - 2 * size, Doubles = true, Guarded = true,
                });
            }
        }

        var large = new Case(8, 40, 50, 46)
        {
            UpsampleHeight = 100, UpsampleWidth = 92, Doubles = true, Activation = Activation.Silu, ChannelBias = true,
        };
        Check(large with { Residual = ResidualKind.Full });
        Check(large with { Residual = ResidualKind.Shared, Batch = 2 });
    }

    [SkippableFact]
    public void DoublingWeightsAlsoTakeOtherInputs()
    {
        Check(new Case(12, 20, 9, 10) { Doubles = true });
        Check(new Case(12, 20, 9, 10) { Doubles = true, Stride = 2 });
        Check(new Case(12, 3, 9, 10) { Doubles = true, UpsampleHeight = 18, UpsampleWidth = 20 });
    }

    [SkippableTheory]
    [InlineData(Activation.None)]
    [InlineData(Activation.Silu)]
    [InlineData(Activation.Gelu)]
    [InlineData(Activation.QuickGelu)]
    [InlineData(Activation.Relu)]
    public void EpiloguesInEveryCombination(Activation activation)
    {
        for (int bits = 0; bits < 12; bits++)
        {
            Check(new Case(16, bits % 2 == 0 ? 48 : 35, 6, 5)
            {
                Batch = 2, Activation = activation, Bias = (bits & 1) != 0, ChannelBias = (bits & 2) != 0,
                Residual = (ResidualKind)(bits >> 2),
            });
        }
    }

    [SkippableTheory]
    [InlineData(1, 48, 48, 24, 16)]
    [InlineData(2, 96, 144, 12, 8)]
    [InlineData(1, 24, 24, 40, 37)]
    [InlineData(1, 144, 96, 13, 9)]
    [InlineData(1, 3, 24, 32, 33)]
    [InlineData(1, 128, 3, 16, 17)]
    [InlineData(1, 512, 32, 9, 8)]
    public void ShapesOfTheNetworks(int batch, int inputs, int outputs, int height, int width) =>
        Check(new Case(inputs, outputs, height, width) { Batch = batch, Activation = Activation.Silu });

    // A decoder's last layer, around the ends of blocks of pixels at every width of vectors.
    [SkippableTheory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void FewOutputs(int outputs)
    {
        foreach (int width in (int[])[1, 6, 13, 14, 15, 29, 30, 31, 32, 33, 61])
        {
            Check(new Case(5, outputs, 3, width) { Guarded = true });
            Check(new Case(20, outputs, 35, width)
            {
                Batch = 2, ChannelBias = true, Activation = Activation.Silu, Residual = ResidualKind.Full,
            });
        }

        Check(new Case(12, outputs, 9, 40) { Padding = new Padding(2, 0, 1, 3), Residual = ResidualKind.Shared });
        Check(new Case(12, outputs, 9, 40) { KernelHeight = 2, Padding = default });
        Check(new Case(12, outputs, 9, 40) { KernelWidth = 2, Padding = Padding.All(2) });
        Check(new Case(12, outputs, 9, 40) { SecondChannels = 4 });
        Check(new Case(12, outputs, 9, 20) { UpsampleHeight = 18, UpsampleWidth = 40 });
    }

    [SkippableFact]
    public void ReadsNothingBeyondItsOperands()
    {
        foreach (int inputs in (int[])[3, 4, 24, 33])
        {
            foreach (int size in (int[])[6, 9, 10])
            {
                Check(new Case(inputs, 21, size, size) { Guarded = true, Residual = ResidualKind.Full });
                Check(new Case(inputs + 8, 5, size, size) { Guarded = true, SecondChannels = 8 });
                Check(new Case(inputs, 5, size, size) { Guarded = true, Stride = 2 });
                Check(new Case(inputs, 5, size, size)
                {
                    Guarded = true, KernelHeight = 1, KernelWidth = 1, Padding = default,
                });
                Check(new Case(inputs, 5, size, size)
                {
                    Guarded = true, UpsampleHeight = 2 * size, UpsampleWidth = 2 * size,
                });
            }
        }
    }

    private void Check(Case c) => Compare(c.IsWinograd ? Tolerance.Winograd : Tolerance.Sum, c.Run);

    /// <summary>How the residual of a case is given.</summary>
    internal enum ResidualKind
    {
        None,
        Full,
        Shared,
    }

    /// <summary>One convolution with its operands.</summary>
    internal sealed record Case(int Inputs, int Outputs, int Height, int Width)
    {
        public int Batch { get; init; } = 1;

        public int KernelHeight { get; init; } = 3;

        public int KernelWidth { get; init; } = 3;

        public int Stride { get; init; } = 1;

        public Padding Padding { get; init; } = Padding.All(1);

        public int SecondChannels { get; init; }

        public int UpsampleHeight { get; init; }

        public int UpsampleWidth { get; init; }

        public bool Doubles { get; init; }

        public bool Bias { get; init; } = true;

        public bool ChannelBias { get; init; }

        public ResidualKind Residual { get; init; }

        public bool Guarded { get; init; }

        public Activation Activation { get; init; }

        /// <summary>Whether a backend may compute it by Winograd's transforms, with their larger error.</summary>
        public bool IsWinograd => KernelHeight == 3 && KernelWidth == 3 && Stride == 1;

        public Tensor Run(OpCase op)
        {
            var spec = new Conv2dSpec(Inputs, Outputs, KernelHeight, KernelWidth, Stride, Padding)
            {
                Doubles = Doubles,
            };
            int taps = Inputs * KernelHeight * KernelWidth;
            using ConvWeights weights = op.Backend.PrepareConv2d(
                spec,
                OpCase.Weight(new Shape(Outputs, Inputs, KernelHeight, KernelWidth), "w", MathF.Sqrt(3f / taps)),
                Bias ? OpCase.Weight(new Shape(Outputs), "b") : null);
            Func<Shape, string, Tensor> random = Guarded ? op.RandomGuarded : (shape, name) => op.Random(shape, name);
            Tensor x = random(new Shape(Batch, Height, Width, Inputs - SecondChannels), "x");
            var operands = new Conv2dOperands
            {
                Second = SecondChannels > 0 ? random(x.Shape.WithChannels(SecondChannels), "second") : null,
                UpsampleHeight = UpsampleHeight,
                UpsampleWidth = UpsampleWidth,
                ChannelBias = ChannelBias ? op.Random(new Shape(Batch, Outputs), "channelBias") : null,
                Activation = Activation,
            };
            Shape result = Conv2d.ResultShape(x, spec, operands);
            operands = Residual switch
            {
                ResidualKind.Full => operands with { Residual = random(result, "residual") },
                ResidualKind.Shared => operands with
                {
                    Residual = op.Random(new Shape(1, result.Height, result.Width, Outputs), "residual"),
                },
                _ => operands,
            };
            return op.Backend.Conv2d(x, weights, operands);
        }
    }
}

public sealed class CpuAvx512Conv2dTests(CpuAvx512Fixture fixture)
    : Conv2dTests(fixture), IClassFixture<CpuAvx512Fixture>;

public sealed class CpuAvx2Conv2dTests(CpuAvx2Fixture fixture)
    : Conv2dTests(fixture), IClassFixture<CpuAvx2Fixture>;

public sealed class CpuVector128Conv2dTests(CpuVector128Fixture fixture)
    : Conv2dTests(fixture), IClassFixture<CpuVector128Fixture>;

public sealed class CpuFp16Conv2dTests(CpuFp16Fixture fixture)
    : Conv2dTests(fixture), IClassFixture<CpuFp16Fixture>;

public sealed class CpuStrictConv2dTests(CpuStrictFixture fixture)
    : Conv2dTests(fixture), IClassFixture<CpuStrictFixture>;

[Collection(OpenClCollection.Name)]
public sealed class OpenClFp32Conv2dTests(OpenClFp32Fixture fixture) : Conv2dTests(fixture);

[Collection(OpenClCollection.Name)]
public sealed class OpenClFp16Conv2dTests(OpenClFp16Fixture fixture) : Conv2dTests(fixture);

[Collection(OpenClCollection.Name)]
public sealed class OpenClBf16Conv2dTests(OpenClBf16Fixture fixture) : Conv2dTests(fixture);

[Collection(OpenClCollection.Name)]
public sealed class MmaFp16Conv2dTests(MmaFp16Fixture fixture) : Conv2dTests(fixture);

[Collection(OpenClCollection.Name)]
public sealed class MmaBf16Conv2dTests(MmaBf16Fixture fixture) : Conv2dTests(fixture);

[Collection(OpenClCollection.Name)]
public sealed class WgmmaFp16Conv2dTests(WgmmaFp16Fixture fixture) : Conv2dTests(fixture);

[Collection(OpenClCollection.Name)]
public sealed class WgmmaBf16Conv2dTests(WgmmaBf16Fixture fixture) : Conv2dTests(fixture);

[Collection(PtxCollection.Name)]
public sealed class PtxFp32Conv2dTests(PtxFp32Fixture fixture) : Conv2dTests(fixture);

[Collection(PtxCollection.Name)]
public sealed class PtxBf16Conv2dTests(PtxBf16Fixture fixture) : Conv2dTests(fixture);

[Collection(PtxCollection.Name)]
public sealed class PtxMmaConv2dTests(PtxMmaFixture fixture) : Conv2dTests(fixture);

[Collection(PtxCollection.Name)]
public sealed class PtxWgmmaConv2dTests(PtxWgmmaFixture fixture) : Conv2dTests(fixture);
