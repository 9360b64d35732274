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
        ConvAlgorithm algorithm = ConvPlan.Choose(spec, Options.Strict, Kernels.Lanes);
        long reserved = ReserveTransformed(spec, algorithm);
        PackedMatrix matrix;
        try
        {
            bool isFused = algorithm == ConvAlgorithm.Winograd4Fused;
            var source = new MatrixSource(weight, byInput: isFused);
            matrix = reserved > 0
                ? WinogradWeights.Transform(Pool, Kernels, source, bias, spec.Inputs, algorithm)
                : PackedMatrix.Pack(
                    Pool, isFused ? Kernels.OneVector : Kernels, source, bias, paired: false,
                    WeightPlan.Format(weight.Type, weight.Shape.Count));
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
        ConvOutput output = Output(result, operands, biases);
        Padding padding = operands.BandPadding ?? w.Spec.Padding;
        if (w.Algorithm == ConvAlgorithm.WinogradUp && input.IsDoubled && padding == Padding.All(1))
        {
            ConvolveByPhases(w, input, output);
        }
        else if (w.Algorithm != ConvAlgorithm.Direct)
        {
            ConvolveByTiles(w, input, padding, output);
        }
        else if (w.Thin is not null && input.IsPlain)
        {
            var conv = new ThinConv
            {
                Input = input, Weights = w.Thin.Values, Spec = w.Spec, Padding = padding, Output = output,
            };
            conv.Run(this);
        }
        else
        {
            ConvolveDirectly(w, input, padding, output);
        }
    }

    private void ConvolveDirectly(
        CpuConvWeights weights, in ConvInput input, Padding padding, in ConvOutput output)
    {
        Conv2dSpec spec = weights.Spec;
        var product = new MatrixProduct
        {
            Groups = output.Batch,
            Rows = checked(output.Height * output.Width),
            Matrix = weights.Matrix,
            Bias = output.Bias,
            BiasStride = output.BiasStride,
            Result = output.Values,
            ResultColumns = output.Channels,
            Residual = output.Residual,
            ResidualStride = output.ResidualStride,
            Activation = output.Activation,
        };
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
            ResultWidth = output.Width,
        });
    }

    private void ConvolveByTiles(CpuConvWeights weights, in ConvInput input, Padding padding, in ConvOutput output)
    {
        var conv = new WinogradConv
        {
            Input = input,
            PaddingTop = padding.Top,
            PaddingLeft = padding.Left,
            Matrix = weights.Matrix,
            Panels = weights.Matrix.Panels,
            Output = output,
        };
        if (weights.Algorithm == ConvAlgorithm.Winograd4Fused)
        {
            FusedConv.Run(this, conv);
            return;
        }

        if (!weights.IsTransformed)
        {
            TransientWeights.Run(this, weights, ConvPlan.WithoutDoubling(weights.Algorithm), conv);
            return;
        }

        conv.Run(this, weights.Algorithm);
    }

    // Each phase reads the input as it lies in memory, and writes every other row and column.
    private void ConvolveByPhases(CpuConvWeights weights, ConvInput input, ConvOutput output)
    {
        long rowLength = output.RowLength;
        input.Height = output.Height = input.SourceHeight;
        input.Width = output.Width = input.SourceWidth;
        input.SourceRows = input.SourceColumns = null;
        output.Step = 2;
        for (int phase = 0; phase < WinogradTransformUp.Phases; phase++)
        {
            int row = WinogradTransformUp.Row(phase), column = WinogradTransformUp.Column(phase);
            long offset = row * rowLength + column * output.Channels;
            ConvOutput part = output;
            part.Values += offset;
            part.Residual = output.Residual == null ? null : output.Residual + offset;
            TransientWeights.Run(this, weights, ConvAlgorithm.WinogradUp, new WinogradConv
            {
                Input = input,
                PaddingTop = 1 - row,
                PaddingLeft = 1 - column,
                Matrix = weights.Matrix,
                Panels = weights.Matrix.Panels,
                Output = part,
                Phase = phase,
            });
        }
    }

    private static ConvOutput Output(Tensor result, in Conv2dOperands operands, in PictureBiases biases)
    {
        Shape shape = result.Shape;
        return new ConvOutput
        {
            Values = result.Values(),
            Batch = shape.Batch,
            Height = shape.Height,
            Width = shape.Width,
            Step = 1,
            Channels = shape.Channels,
            Bias = biases.Values,
            BiasStride = biases.Stride,
            Residual = operands.Residual is null ? null : operands.Residual.Values(),
            ResidualStride = ResidualStride(operands, shape),
            Activation = operands.Activation,
        };
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
