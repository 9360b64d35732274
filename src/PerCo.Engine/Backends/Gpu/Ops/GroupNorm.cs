using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;

namespace PerCo.Engine.Backends.Gpu;

public sealed partial class GpuBackend
{
    // Enough groups to fill a device, few enough that every one of them can join all statistics.
    private const int MostChunks = 16;
    private const int SmallestChunk = 64;
    private const int MomentsOfAChunk = 3;

    /// <inheritdoc/>
    private protected override void GroupNormCore(
        Tensor x, Tensor? second, NormWeights weights, int groups, float epsilon, Activation activation, Tensor result)
    {
        var w = (GpuNormWeights)weights;
        int positions = x.Shape.Tokens;
        if (result.Shape.Count == 0)
        {
            return;
        }

        using GpuStorage moments = Moments(x, second, groups, out GpuGroups launch, out int chunk);
        int firstChannels = x.Shape.Channels, secondChannels = second?.Shape.Channels ?? 0;
        int perGroup = w.Channels / groups;
        _device.Launch(
            Kernel("group_norm"), launch,
            [
                x.Buffer(), second?.Buffer(), moments.Buffer, w.Scale, w.Shift, result.Buffer(), firstChannels,
                secondChannels, perGroup, positions, chunk, epsilon, (int)activation,
            ]);
    }

    /// <summary>In fp32, whatever activations are stored as.</summary>
    Tensor IRowBandOps.NormFactors(Tensor x, NormWeights weights, int groups, float epsilon)
    {
        Tensors.Ops.GroupNorm.ResultShape(x, second: null, weights, groups, Activation.None);
        var w = (GpuNormWeights)weights;
        var shape = new Shape(x.Shape.Batch, 3, w.Channels);
        using var factors = new Tensor(this, shape, _arena.Rent(checked(shape.Count * sizeof(float))));
        using GpuStorage moments = Moments(x, second: null, groups, out GpuGroups chunks, out int chunk);
        _device.Launch(
            Kernel("group_norm", "group_norm_factors"), new GpuGroups(groups, x.Shape.Batch),
            [
                moments.Buffer, w.Scale, w.Shift, factors.Buffer(), w.Channels / groups, chunks.X, chunk,
                x.Shape.Tokens, epsilon,
            ]);
        return factors.Move();
    }

    /// <inheritdoc/>
    Tensor IRowBandOps.NormApply(Tensor x, Tensor factors, Activation activation)
    {
        var expected = new Shape(x.Shape.Batch, 3, x.Shape.Channels);
        OpCheck.That(factors.Shape == expected, "NormApply", "factors", expected, factors.Shape);
        using Tensor result = Allocate(x.Shape);
        GpuKernel kernel = Kernel("group_norm", "group_norm_apply");
        long items = x.Shape.Tokens * DivideUp(x.Shape.Channels, VectorWidth);
        _device.Launch(
            kernel, new GpuGroups(Groups(kernel, items), x.Shape.Batch),
            [x.Buffer(), factors.Buffer(), result.Buffer(), x.Shape.Channels, x.Shape.Tokens, (int)activation]);
        return result.Move();
    }

    // First mean, correction and squared deviations of chunks of positions: [batch][groups][chunks][3].
    private GpuStorage Moments(Tensor x, Tensor? second, int groups, out GpuGroups launch, out int chunk)
    {
        int positions = x.Shape.Tokens, batch = x.Shape.Batch;
        int firstChannels = x.Shape.Channels, secondChannels = second?.Shape.Channels ?? 0;
        chunk = checked((int)Math.Max(SmallestChunk, DivideUp(positions, MostChunks)));
        launch = new GpuGroups(checked((int)DivideUp(positions, chunk)), groups, batch);
        GpuKernel kernel = Kernel("group_norm", "group_norm_moments");
        GpuStorage moments = _arena.Rent((long)launch.X * groups * batch * MomentsOfAChunk * sizeof(float));
        try
        {
            _device.Launch(
                kernel, launch,
                [
                    x.Buffer(), second?.Buffer(), moments.Buffer, firstChannels, secondChannels,
                    (firstChannels + secondChannels) / groups, positions, chunk,
                ]);
            return moments;
        }
        catch
        {
            moments.Dispose();
            throw;
        }
    }
}
