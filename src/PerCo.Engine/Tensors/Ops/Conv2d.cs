namespace PerCo.Engine.Tensors.Ops;

/// <summary>Rows and columns of zeros around a picture.</summary>
/// <param name="Top">Rows above.</param>
/// <param name="Left">Columns to the left.</param>
/// <param name="Bottom">Rows below.</param>
/// <param name="Right">Columns to the right.</param>
public readonly record struct Padding(int Top, int Left, int Bottom, int Right)
{
    /// <summary>The same padding on all sides.</summary>
    public static Padding All(int size) => new(size, size, size, size);

    /// <summary>
    /// One row below and one column to the right: how the autoencoder's encoder down-samples
    /// (diffusers Downsample2D with padding 0).
    /// </summary>
    public static Padding BottomRight => new(0, 0, 1, 1);
}

/// <summary>What is fixed of a convolution when its weights are prepared.</summary>
/// <param name="Inputs">Input channels, of both sources together where there are two.</param>
/// <param name="Outputs">Output channels.</param>
/// <param name="KernelHeight">Rows of the kernel.</param>
/// <param name="KernelWidth">Columns of the kernel.</param>
/// <param name="Stride">Step in rows and columns.</param>
/// <param name="Padding">Zeros around the (up-sampled) input.</param>
public readonly record struct Conv2dSpec(
    int Inputs, int Outputs, int KernelHeight, int KernelWidth, int Stride, Padding Padding)
{
    /// <summary>
    /// Whether pictures usually have no more than some hundred positions here, so that reading the weights takes longer
    /// than using them. A backend may choose how it computes by it; it says nothing about what is computed.
    /// </summary>
    public bool FewPositions { get; init; }

    /// <summary>
    /// Whether the input is usually up-sampled to twice its height and width. As <see cref="FewPositions"/>, it says
    /// nothing about what is computed.
    /// </summary>
    public bool Doubles { get; init; }
}

/// <summary>
/// Optional operands of a convolution: y = activation(conv(upsample(concat(x, second))) + bias + channelBias +
/// residual).
/// </summary>
public readonly record struct Conv2dOperands
{
    /// <summary>A second source, whose channels follow the first one's: [batch, height, width, channels2].</summary>
    public Tensor? Second { get; init; }

    /// <summary>
    /// Height and width that the input is up-sampled to (nearest neighbour) while it is read; 0 for none.
    /// </summary>
    public int UpsampleHeight { get; init; }

    /// <inheritdoc cref="UpsampleHeight"/>
    public int UpsampleWidth { get; init; }

    /// <summary>
    /// Added to every position of a picture: [batch, 1, outputs] or [batch, outputs] (a time embedding).
    /// </summary>
    public Tensor? ChannelBias { get; init; }

    /// <summary>Added element by element; the result's shape, or with batch 1 for all pictures of the batch.</summary>
    public Tensor? Residual { get; init; }

    /// <summary>
    /// Zeros around the input in place of the weights' own, for a band of rows that ends within a picture; only where
    /// the backend works by bands (<see cref="Backends.IRowBandOps"/>).
    /// </summary>
    internal Padding? BandPadding { get; init; }

    /// <summary>Applied last. <see cref="Activation.Geglu"/> is not among its values.</summary>
    public Activation Activation { get; init; }
}

/// <summary>
/// Shape rules of <c>Conv2d</c>: x [batch, height, width, inputs] → [batch, height', width', outputs].
/// </summary>
internal static class Conv2d
{
    /// <summary>Checks the operands and returns the result's shape.</summary>
    /// <exception cref="ArgumentException">Operands that do not fit.</exception>
    public static Shape ResultShape(Tensor x, Conv2dSpec spec, in Conv2dOperands operands)
    {
        OpCheck.That(x.Shape.Rank == 4, "Conv2d", "x", "[batch,height,width,channels]", x.Shape);
        int channels = x.Shape.Channels;
        if (operands.Second is { } second)
        {
            OpCheck.That(
                second.Shape == x.Shape.WithChannels(second.Shape.Channels), "Conv2d", "second", x.Shape, second.Shape);
            channels += second.Shape.Channels;
        }

        OpCheck.That(channels == spec.Inputs, "Conv2d", "channels of x and second", spec.Inputs, channels);
        OpCheck.That(
            (operands.UpsampleHeight > 0) == (operands.UpsampleWidth > 0) && operands.UpsampleHeight >= 0,
            "Conv2d", "up-sampled size", "two positive numbers or none",
            $"{operands.UpsampleHeight}x{operands.UpsampleWidth}");
        int height = operands.UpsampleHeight > 0 ? operands.UpsampleHeight : x.Shape.Height;
        int width = operands.UpsampleWidth > 0 ? operands.UpsampleWidth : x.Shape.Width;
        Padding padding = operands.BandPadding ?? spec.Padding;
        int resultHeight = ResultExtent(height, spec.KernelHeight, spec.Stride, padding.Top + padding.Bottom);
        int resultWidth = ResultExtent(width, spec.KernelWidth, spec.Stride, padding.Left + padding.Right);
        OpCheck.That(
            resultHeight > 0 && resultWidth > 0, "Conv2d", "x", $"at least one kernel {spec}", x.Shape);
        var result = new Shape(x.Shape.Batch, resultHeight, resultWidth, spec.Outputs);

        OpCheck.That(
            operands.ChannelBias is null || operands.ChannelBias.Shape.Count == (long)x.Shape.Batch * spec.Outputs,
            "Conv2d", "channelBias", $"[{x.Shape.Batch},{spec.Outputs}]", operands.ChannelBias?.Shape);
        OpCheck.That(
            operands.Residual is null
                || operands.Residual.Shape.Count == result.Count
                || operands.Residual.Shape.Count * result.Batch == result.Count,
            "Conv2d", "residual", result, operands.Residual?.Shape);
        OpCheck.That(operands.Activation != Activation.Geglu, "Conv2d", "activation", "element-wise", "Geglu");
        return result;
    }

    /// <summary>Output rows (or columns) of a convolution.</summary>
    public static int ResultExtent(int extent, int kernel, int stride, int padding) =>
        extent + padding < kernel ? 0 : (extent + padding - kernel) / stride + 1;
}
