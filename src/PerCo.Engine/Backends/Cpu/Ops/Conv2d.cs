using PerCo.Engine.Backends.Cpu.Gemm;
using PerCo.Engine.Backends.Cpu.Winograd;
using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;

namespace PerCo.Engine.Backends.Cpu;

public sealed unsafe partial class CpuBackend
{
    /// <summary>Bytes of transformed weights that are in use.</summary>
    private long _transformedWeights;

    /// <inheritdoc cref="_transformedWeights"/>
    internal long TransformedWeights => Interlocked.Read(ref _transformedWeights);

    /// <inheritdoc/>
    public override ConvWeights PrepareConv2d(Conv2dSpec spec, HostTensor weight, HostTensor? bias)
    {
        ConvAlgorithm algorithm = ConvPlan.Choose(spec, Options.Strict);
        long reserved = ReserveTransformed(spec, algorithm);
        PackedMatrix matrix;
        try
        {
            var source = new MatrixSource(weight);
            matrix = reserved > 0
                ? WinogradWeights.Transform(Pool, Kernels, source, bias, spec.Inputs, algorithm)
                : PackedMatrix.Pack(
                    Pool, Kernels, source, bias, paired: false, WeightPlan.Format(weight.Type, weight.Shape.Count));
        }
        catch
        {
            // Loading was cancelled, say: what was set aside must not be lost to the layers of the next time.
            Interlocked.Add(ref _transformedWeights, -reserved);
            throw;
        }

        NativeBuffer? thin = ThinConv.Suits(spec) ? ThinConv.Pack(new MatrixSource(weight), spec) : null;
        weight.Unload?.Invoke();
        return new CpuConvWeights(spec, algorithm, matrix, isTransformed: reserved > 0)
        {
            Thin = thin,
            Freed = () => Interlocked.Add(ref _transformedWeights, -reserved),
        };
    }

    /// <summary>Bytes set aside for a layer's transformed weights; 0 where they are not kept.</summary>
    private long ReserveTransformed(Conv2dSpec spec, ConvAlgorithm algorithm)
    {
        long bytes = ConvPlan.TransformedBytes(spec, algorithm);
        while (true)
        {
            long used = Interlocked.Read(ref _transformedWeights);
            if (bytes > WeightPlan.TransformedMemoryLeft(used))
            {
                return 0;
            }

            if (Interlocked.CompareExchange(ref _transformedWeights, used + bytes, used) == used)
            {
                return bytes;
            }
        }
    }

    /// <inheritdoc/>
    private protected override void Conv2dCore(Tensor x, ConvWeights weights, in Conv2dOperands operands, Tensor result)
    {
        var w = (CpuConvWeights)weights;
        using var maps = new UpsampleMaps(Arena, x.Shape, operands);
        using var biases = new PictureBiases(Arena, w.Matrix, x.Shape.Batch, operands.ChannelBias);
        ConvInput input = Input(x, operands, maps);
        if (w.Algorithm == ConvAlgorithm.Direct)
        {
            ConvolveDirectly(w, input, biases, operands, result);
        }
        else
        {
            ConvolveByTiles(w, input, biases, operands, result);
        }
    }

    private void ConvolveDirectly(
        CpuConvWeights weights, in ConvInput input, in PictureBiases biases, in Conv2dOperands operands, Tensor result)
    {
        Conv2dSpec spec = weights.Spec;
        Shape shape = result.Shape;
        var product = new MatrixProduct
        {
            Groups = shape.Batch,
            Rows = checked(shape.Height * shape.Width),
            Matrix = weights.Matrix,
            Bias = biases.Values,
            BiasStride = biases.Stride,
            Result = result.Values(),
            ResultColumns = spec.Outputs,
            Residual = operands.Residual is null ? null : operands.Residual.Values(),
            ResidualStride = ResidualStride(operands, shape),
            Activation = operands.Activation,
        };
        Padding padding = operands.BandPadding ?? spec.Padding;
        if (weights.Thin is not null && input.IsPlain)
        {
            new ThinConv
            {
                Input = input,
                Batch = shape.Batch,
                Weights = weights.Thin.Values,
                Spec = spec,
                Padding = padding,
                Bias = biases.Values,
                BiasStride = biases.Stride,
                Result = product.Result,
                ResultHeight = shape.Height,
                ResultWidth = shape.Width,
                Residual = product.Residual,
                ResidualStride = product.ResidualStride,
            }.Run(this, operands.Activation);
            return;
        }

        if (spec is { KernelHeight: 1, KernelWidth: 1, Stride: 1 } && padding == default && input.IsPlain)
        {
            product.Run(this, new DenseRows(input.First, product.Rows, spec.Inputs));
            return;
        }

        product.Run(this, new ConvRows
        {
            Input = input,
            KernelHeight = spec.KernelHeight,
            KernelWidth = spec.KernelWidth,
            Stride = spec.Stride,
            PaddingTop = padding.Top,
            PaddingLeft = padding.Left,
            ResultWidth = shape.Width,
        });
    }

    private void ConvolveByTiles(
        CpuConvWeights weights, in ConvInput input, in PictureBiases biases, in Conv2dOperands operands, Tensor result)
    {
        Shape shape = result.Shape;
        var conv = new WinogradConv
        {
            Input = input,
            Batch = shape.Batch,
            PaddingTop = (operands.BandPadding ?? weights.Spec.Padding).Top,
            PaddingLeft = (operands.BandPadding ?? weights.Spec.Padding).Left,
            Matrix = weights.Matrix,
            Panels = weights.Matrix.Panels,
            Bias = biases.Values,
            BiasStride = biases.Stride,
            Result = result.Values(),
            ResultHeight = shape.Height,
            ResultWidth = shape.Width,
            Residual = operands.Residual is null ? null : operands.Residual.Values(),
            ResidualStride = ResidualStride(operands, shape),
            Activation = operands.Activation,
        };
        if (!weights.IsTransformed)
        {
            TransientWeights.Run(this, weights, conv);
            return;
        }

        conv.Run(this, weights.Algorithm);
    }

    private static long ResidualStride(in Conv2dOperands operands, Shape result) =>
        operands.Residual is null || operands.Residual.Shape.Count < result.Count
            ? 0
            : result.Count / Math.Max(1, result.Batch);

    private static ConvInput Input(Tensor x, in Conv2dOperands operands, in UpsampleMaps maps)
    {
        Tensor? second = operands.Second;
        return new ConvInput
        {
            First = x.Values(),
            Second = second is null ? null : second.Values(),
            FirstChannels = x.Shape.Channels,
            Channels = x.Shape.Channels + (second?.Shape.Channels ?? 0),
            Height = maps.Height,
            Width = maps.Width,
            SourceHeight = x.Shape.Height,
            SourceWidth = x.Shape.Width,
            SourceRows = maps.Rows,
            SourceColumns = maps.Columns,
        };
    }
}

/// <summary>A convolution's weight in panels, as it is or transformed.</summary>
internal sealed class CpuConvWeights(
    Conv2dSpec spec, ConvAlgorithm algorithm, PackedMatrix matrix, bool isTransformed) : ConvWeights(spec)
{
    public ConvAlgorithm Algorithm { get; } = algorithm;

    /// <summary>Whether <see cref="Matrix"/> is transformed; otherwise that happens at every use.</summary>
    public bool IsTransformed { get; } = isTransformed;

    public PackedMatrix Matrix { get; } = matrix;

    /// <summary>The weight as <see cref="ThinConv"/> reads it, for a layer that suits; a copy of few values.</summary>
    public NativeBuffer? Thin { get; init; }

    /// <summary>Called once the memory was given back.</summary>
    public Action? Freed { get; set; }

    public override long Bytes => Matrix.Bytes + (Thin?.Bytes ?? 0);

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            Matrix.Dispose();
            Thin?.Dispose();
            Freed?.Invoke();
            Freed = null;
        }

        base.Dispose(disposing);
    }
}
