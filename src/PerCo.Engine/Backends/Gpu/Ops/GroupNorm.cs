using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;

namespace PerCo.Engine.Backends.Gpu;

public sealed partial class GpuBackend
{
    // Of a chunk of positions, and of a picture, as kernels/group_norm.cl has them.
    private const int MomentsOfAChannel = 3;
    private const int FactorsOfAChannel = 4;
    private const int PositionsOfAnItem = 4;

    private int LanesOfAGroup => _device.Info.IsCpu ? 4 : 32;

    // Enough groups to fill a device, few enough that one of them joins what a group of channels has.
    private const int MostChunks = 256;
    private const int SmallestChunk = 64;

    /// <inheritdoc/>
    private protected override void GroupNormCore(
        Tensor x, Tensor? second, NormWeights weights, int groups, float epsilon, Activation activation, Tensor result)
    {
        if (result.Shape.Count > 0)
        {
            using GpuStorage factors = Factors(x, second, weights, groups, epsilon);
            Apply(x, second, factors.Buffer, activation, result);
        }
    }

    /// <summary>In fp32, whatever activations are stored as: [batch, 4, channels].</summary>
    Tensor IRowBandOps.NormFactors(Tensor x, NormWeights weights, int groups, float epsilon)
    {
        Tensors.Ops.GroupNorm.ResultShape(x, second: null, weights, groups, Activation.None);
        return new Tensor(
            this, new Shape(x.Shape.Batch, FactorsOfAChannel, x.Shape.Channels),
            Factors(x, second: null, weights, groups, epsilon));
    }

    /// <inheritdoc/>
    Tensor IRowBandOps.NormApply(Tensor x, Tensor factors, Activation activation)
    {
        var expected = new Shape(x.Shape.Batch, FactorsOfAChannel, x.Shape.Channels);
        OpCheck.That(factors.Shape == expected, "NormApply", "factors", expected, factors.Shape);
        using Tensor result = Allocate(x.Shape);
        Apply(x, second: null, factors.Buffer(), activation, result);
        return result.Move();
    }

    private GpuStorage Factors(Tensor x, Tensor? second, NormWeights weights, int groups, float epsilon)
    {
        var w = (GpuNormWeights)weights;
        int positions = x.Shape.Tokens, batch = x.Shape.Batch;
        int chunk = checked((int)Math.Max(SmallestChunk, DivideUp(positions, MostChunks)));
        int chunks = checked((int)DivideUp(positions, chunk));

        // 1. Sums of every chunk's channels: [batch][chunks][3][channels].
        using GpuStorage moments = _arena.Rent((long)batch * chunks * MomentsOfAChannel * w.Channels * sizeof(float));
        int slices = checked((int)DivideUp(w.Channels, LanesOfAGroup * VectorWidth));
        _device.Launch(
            Kernel("group_norm", "group_norm_moments"), new GpuGroups(chunks, slices, batch),
            [
                x.Buffer(), second?.Buffer(), moments.Buffer, x.Shape.Channels, second?.Shape.Channels ?? 0, positions,
                chunk,
            ]);

        // 2. Joined: [batch][4][channels].
        GpuStorage factors = _arena.Rent((long)batch * FactorsOfAChannel * w.Channels * sizeof(float));
        try
        {
            _device.Launch(
                Kernel("group_norm", "group_norm_factors"), new GpuGroups(groups, batch),
                [
                    moments.Buffer, w.Scale, w.Shift, factors.Buffer, w.Channels / groups, chunks, chunk, positions,
                    epsilon,
                ]);
            return factors;
        }
        catch
        {
            factors.Dispose();
            throw;
        }
    }

    private void Apply(Tensor x, Tensor? second, GpuBuffer factors, Activation activation, Tensor result)
    {
        GpuKernel kernel = Kernel("group_norm");
        int firstChannels = x.Shape.Channels, secondChannels = second?.Shape.Channels ?? 0;
        long items = DivideUp(x.Shape.Tokens, PositionsOfAnItem)
            * DivideUp(firstChannels + secondChannels, VectorWidth);
        _device.Launch(
            kernel, new GpuGroups(Groups(kernel, items), x.Shape.Batch),
            [
                x.Buffer(), second?.Buffer(), factors, result.Buffer(), firstChannels, secondChannels, x.Shape.Tokens,
                (int)activation,
            ]);
    }
}
