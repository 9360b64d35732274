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
    protected override void GroupNormCore(
        Tensor x, Tensor? second, NormWeights weights, int groups, float epsilon, Activation activation, Tensor result)
    {
        var w = (GpuNormWeights)weights;
        int positions = x.Shape.Tokens, batch = x.Shape.Batch;
        if (result.Shape.Count == 0)
        {
            return;
        }

        int chunk = checked((int)Math.Max(SmallestChunk, DivideUp(positions, MostChunks)));
        var launch = new GpuGroups(checked((int)DivideUp(positions, chunk)), groups, batch);
        int firstChannels = x.Shape.Channels, secondChannels = second?.Shape.Channels ?? 0;
        int perGroup = w.Channels / groups;
        GpuStorage moments = _arena.Rent((long)launch.X * groups * batch * MomentsOfAChunk * sizeof(float));
        _device.Launch(
            Kernel("group_norm", "group_norm_moments"), launch,
            [
                x.Buffer(), second?.Buffer(), moments.Buffer, firstChannels, secondChannels, perGroup, positions, chunk,
            ]);
        _device.Launch(
            Kernel("group_norm"), launch,
            [
                x.Buffer(), second?.Buffer(), moments.Buffer, w.Scale, w.Shift, result.Buffer(), firstChannels,
                secondChannels, perGroup, positions, chunk, epsilon, (int)activation,
            ]);
        moments.Release();
    }
}
