using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;

namespace PerCo.Engine.Backends.Cpu;

// Three regions: sums of every channel over runs of positions, mean and deviation of every group, then one pass that
// normalises and activates. Runs are fixed by the shape, so neither threads nor widths change a sum.
public sealed unsafe partial class CpuBackend
{
    /// <inheritdoc/>
    protected override void GroupNormCore(
        Tensor x, Tensor? second, NormWeights weights, int groups, float epsilon, Activation activation, Tensor result)
    {
        int batch = x.Shape.Batch, channels = weights.Channels;
        var layout = new GroupNormLayout(
            x.Values(), x.Shape.Channels, second is null ? null : second.Values(), channels, x.Shape.Tokens);
        if (layout.Positions == 0)
        {
            return;
        }

        int runs = checked(batch * layout.RunsPerPicture);
        HostStorage factors = Arena.Rent((long)batch * 3 * channels);
        try
        {
            Factors(layout, weights, groups, epsilon, batch, factors.Values);
            Normalise(layout, runs, factors.Values, activation, result.Values());
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
        var layout = new GroupNormLayout(x.Values(), x.Shape.Channels, null, weights.Channels, x.Shape.Tokens);
        Factors(layout, weights, groups, epsilon, x.Shape.Batch, result.Values());
    }

    /// <inheritdoc/>
    private protected override void NormApplyCore(Tensor x, Tensor factors, Activation activation, Tensor result)
    {
        var layout = new GroupNormLayout(x.Values(), x.Shape.Channels, null, x.Shape.Channels, x.Shape.Tokens);
        int runs = checked(x.Shape.Batch * layout.RunsPerPicture);
        Normalise(layout, runs, factors.Values(), activation, result.Values());
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
        in GroupNormLayout layout, int runs, float* factors, Activation activation, float* result)
    {
        switch (activation)
        {
            case Activation.Silu:
                Normalise<SiluActivation>(layout, runs, factors, result);
                break;
            case Activation.Gelu:
                Normalise<GeluActivation>(layout, runs, factors, result);
                break;
            case Activation.QuickGelu:
                Normalise<QuickGeluActivation>(layout, runs, factors, result);
                break;
            case Activation.Relu:
                Normalise<ReluActivation>(layout, runs, factors, result);
                break;
            default:
                Normalise<IdentityActivation>(layout, runs, factors, result);
                break;
        }
    }

    private void Normalise<TActivation>(
        in GroupNormLayout layout, int runs, float* factors, float* result)
        where TActivation : struct, IVectorActivation =>
        Pool.For(InstructionSet, runs, new GroupNormApply<TActivation>(layout, factors, result));
}
