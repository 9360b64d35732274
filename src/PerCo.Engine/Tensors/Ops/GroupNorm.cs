namespace PerCo.Engine.Tensors.Ops;

/// <summary>
/// Shape rules of <c>GroupNorm</c> over [batch, height, width, channels] (Wu and He 2018): mean and variance over all
/// positions and the channels of a group, biased variance, then scale, shift and an activation.
/// </summary>
internal static class GroupNorm
{
    /// <summary>Checks the operands and returns the result's shape, which has the channels of both sources.</summary>
    /// <exception cref="ArgumentException">Operands that do not fit.</exception>
    public static Shape ResultShape(Tensor x, Tensor? second, NormWeights weights, int groups, Activation activation)
    {
        int channels = x.Shape.Channels + (second?.Shape.Channels ?? 0);
        OpCheck.That(second is null || second.Shape == x.Shape.WithChannels(second.Shape.Channels),
            "GroupNorm", "second", x.Shape, second?.Shape);
        OpCheck.That(channels == weights.Channels, "GroupNorm", "channels", weights.Channels, channels);
        OpCheck.That(groups > 0 && channels % groups == 0, "GroupNorm", "groups", $"a divisor of {channels}", groups);
        OpCheck.That(activation != Activation.Geglu, "GroupNorm", "activation", "element-wise", activation);
        return x.Shape.WithChannels(channels);
    }
}
