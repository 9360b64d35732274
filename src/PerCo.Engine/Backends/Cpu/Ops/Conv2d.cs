using PerCo.Engine.Backends.Cpu.Gemm;
using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;

namespace PerCo.Engine.Backends.Cpu;

public sealed unsafe partial class CpuBackend
{
    /// <inheritdoc/>
    public override ConvWeights PrepareConv2d(Conv2dSpec spec, HostTensor weight, HostTensor? bias) =>
        new CpuConvWeights(spec, PackedMatrix.FromConv2d(Pool, Kernels, weight, bias));

    /// <inheritdoc/>
    protected override void Conv2dCore(Tensor x, ConvWeights weights, in Conv2dOperands operands, Tensor result)
    {
        PackedMatrix matrix = ((CpuConvWeights)weights).Matrix;
        Conv2dSpec spec = weights.Spec;
        Shape shape = result.Shape;
        using var maps = new UpsampleMaps(Arena, x.Shape, operands);
        using var biases = new PictureBiases(Arena, matrix, shape.Batch, operands.ChannelBias);
        Tensor? residual = operands.Residual;
        bool sharedResidual = residual is not null && residual.Shape.Count < shape.Count;
        var product = new MatrixProduct
        {
            Groups = shape.Batch,
            Rows = checked(shape.Height * shape.Width),
            Matrix = matrix,
            Bias = biases.Values,
            BiasStride = biases.Stride,
            Result = result.Values(),
            ResultColumns = spec.Outputs,
            Residual = residual is null ? null : residual.Values(),
            ResidualStride = sharedResidual ? 0 : shape.Count / Math.Max(1, shape.Batch),
            Activation = operands.Activation,
        };
        ConvInput input = Input(x, operands, maps);
        bool isProduct = spec is { KernelHeight: 1, KernelWidth: 1, Stride: 1 } && spec.Padding == default;
        if (isProduct && input.IsPlain)
        {
            product.Run(this, new DenseRows(x.Values(), product.Rows, spec.Inputs));
            return;
        }

        product.Run(this, new ConvRows
        {
            Input = input,
            KernelHeight = spec.KernelHeight,
            KernelWidth = spec.KernelWidth,
            Stride = spec.Stride,
            PaddingTop = spec.Padding.Top,
            PaddingLeft = spec.Padding.Left,
            ResultWidth = shape.Width,
        });
    }

    private static ConvInput Input(Tensor x, in Conv2dOperands operands, UpsampleMaps maps)
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

/// <summary>A convolution's weight in panels.</summary>
internal sealed class CpuConvWeights(Conv2dSpec spec, PackedMatrix matrix) : ConvWeights(spec)
{
    public PackedMatrix Matrix { get; } = matrix;

    public override long Bytes => Matrix.Bytes;

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            Matrix.Dispose();
        }

        base.Dispose(disposing);
    }
}
