using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;

namespace PerCo.Engine.Backends.Cpu;

// Three regions: sums of every channel over runs of positions, mean and deviation of every group, then one pass that
// normalises and activates. Runs are fixed by the shape, so neither threads nor widths change a sum.
public sealed unsafe partial class CpuBackend
{
    /// <inheritdoc/>
    private protected override void GroupNormCore(
        Tensor x, Tensor? second, NormWeights weights, int groups, float epsilon, Activation activation, Tensor result)
    {
        int batch = x.Shape.Batch;
        var layout = new GroupNormLayout(x, second, weights.Channels);
        if (layout.Positions == 0)
        {
            return;
        }

        HostStorage factors = Arena.Rent((long)batch * 3 * layout.Channels);
        try
        {
            Factors(layout, weights, groups, epsilon, batch, factors.Values);
            Normalise(layout, batch, factors.Values, activation, result.Values());
        }
        finally
        {
            factors.Release();
        }
    }

    /// <inheritdoc/>
    private protected override void NormFactorsCore(
        Tensor x, NormWeights weights, int groups, float epsilon, Tensor result)
    {
        var layout = new GroupNormLayout(x, null, weights.Channels);
        Factors(layout, weights, groups, epsilon, x.Shape.Batch, result.Values());
    }

    /// <inheritdoc/>
    private protected override void NormApplyCore(Tensor x, Tensor factors, Activation activation, Tensor result)
    {
        var layout = new GroupNormLayout(x, null, x.Shape.Channels);
        Normalise(layout, x.Shape.Batch, factors.Values(), activation, result.Values());
    }

    // Mean, slope and shift of every channel of every picture.
    private void Factors(
        in GroupNormLayout layout, NormWeights weights, int groups, float epsilon, int batch, float* factors)
    {
        int runs = checked(batch * layout.RunsPerPicture);
        HostStorage sums = Arena.Rent((long)runs * layout.SumsPerRun * (sizeof(double) / sizeof(float)));
        try
        {
            var w = (HostNormWeights)weights;
            fixed (float* scale = w.Scale, shift = w.Shift)
            {
                Pool.For(InstructionSet, runs, new GroupNormSums(layout, (double*)sums.Values));
                Pool.For(checked(batch * groups), new GroupNormFactors(
                    layout, (double*)sums.Values, groups, epsilon, scale, shift, factors));
            }
        }
        finally
        {
            sums.Release();
        }
    }

    private void Normalise(
        in GroupNormLayout layout, int batch, float* factors, Activation activation, float* result)
    {
        int runs = checked(batch * layout.RunsPerPicture);
        if (layout.Fold == 1)
        {
            Apply(layout, runs, factors, activation, result);
            return;
        }

        // [picture][mean, slope, shift][channel], repeated for every position of a row.
        HostStorage columns = Arena.Rent((long)batch * 3 * layout.RowLength);
        try
        {
            float* column = columns.Values;
            for (long row = 0; row < 3L * batch; row++)
            {
                var channels = new ReadOnlySpan<float>(factors + row * layout.Channels, layout.Channels);
                for (int position = 0; position < layout.Fold; position++)
                {
                    channels.CopyTo(new Span<float>(column, layout.Channels));
                    column += layout.Channels;
                }
            }

            Apply(layout, runs, columns.Values, activation, result);
        }
        finally
        {
            columns.Release();
        }
    }

    private void Apply(in GroupNormLayout layout, int runs, float* columns, Activation activation, float* result)
    {
        switch (activation)
        {
            case Activation.Silu:
                Apply<SiluActivation>(layout, runs, columns, result);
                break;
            case Activation.Gelu:
                Apply<GeluActivation>(layout, runs, columns, result);
                break;
            case Activation.QuickGelu:
                Apply<QuickGeluActivation>(layout, runs, columns, result);
                break;
            case Activation.Relu:
                Apply<ReluActivation>(layout, runs, columns, result);
                break;
            default:
                Apply<IdentityActivation>(layout, runs, columns, result);
                break;
        }
    }

    private void Apply<TActivation>(in GroupNormLayout layout, int runs, float* columns, float* result)
        where TActivation : struct, IVectorActivation =>
        Pool.For(InstructionSet, runs, new GroupNormApply<TActivation>(layout, columns, result));
}
