using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;

namespace PerCo.Engine.Backends.Reference;

public unsafe partial class ReferenceBackend
{
    /// <inheritdoc/>
    private protected override void Conv2dCore(Tensor x, ConvWeights weights, in Conv2dOperands operands, Tensor result)
    {
        var w = (ReferenceConvWeights)weights;
        Conv2dSpec spec = w.Spec;
        Padding padding = operands.BandPadding ?? spec.Padding;
        int height = operands.UpsampleHeight > 0 ? operands.UpsampleHeight : x.Shape.Height;
        int width = operands.UpsampleWidth > 0 ? operands.UpsampleWidth : x.Shape.Width;
        int[] sourceRow = NearestSources(x.Shape.Height, height);
        int[] sourceColumn = NearestSources(x.Shape.Width, width);
        int firstChannels = x.Shape.Channels;
        Shape rs = result.Shape;
        long pictureSize = (long)rs.Height * rs.Width * spec.Outputs;
        bool sharedResidual = operands.Residual is { } residual && residual.Shape.Count < rs.Count;

        for (int b = 0; b < rs.Batch; b++)
        {
            for (int oy = 0; oy < rs.Height; oy++)
            {
                for (int ox = 0; ox < rs.Width; ox++)
                {
                    for (int o = 0; o < spec.Outputs; o++)
                    {
                        double sum = w.Bias is null ? 0 : w.Bias[o];
                        for (int ky = 0; ky < spec.KernelHeight; ky++)
                        {
                            int iy = oy * spec.Stride + ky - padding.Top;
                            for (int kx = 0; kx < spec.KernelWidth; kx++)
                            {
                                int ix = ox * spec.Stride + kx - padding.Left;
                                if ((uint)iy >= (uint)height || (uint)ix >= (uint)width)
                                {
                                    continue;
                                }

                                long position = ((long)b * x.Shape.Height + sourceRow[iy]) * x.Shape.Width
                                    + sourceColumn[ix];
                                for (int i = 0; i < spec.Inputs; i++)
                                {
                                    double value = i < firstChannels
                                        ? x.Values()[position * firstChannels + i]
                                        : operands.Second!.Values()[position * (spec.Inputs - firstChannels)
                                            + i - firstChannels];
                                    long tap = (((long)o * spec.Inputs + i) * spec.KernelHeight
                                        + ky) * spec.KernelWidth + kx;
                                    sum += value * w.Weight[tap];
                                }
                            }
                        }

                        if (operands.ChannelBias is not null)
                        {
                            sum += operands.ChannelBias.Values()[(long)b * spec.Outputs + o];
                        }

                        long inPicture = ((long)oy * rs.Width + ox) * spec.Outputs + o;
                        long at = b * pictureSize + inPicture;
                        if (operands.Residual is not null)
                        {
                            sum += operands.Residual.Values()[sharedResidual ? inPicture : at];
                        }

                        result.Values()[at] = (float)Apply(operands.Activation, sum);
                    }
                }
            }
        }
    }
}
