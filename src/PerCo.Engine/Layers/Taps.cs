using PerCo.Engine.Tensors;

namespace PerCo.Engine.Layers;

/// <summary>
/// Receives the result of a block while a network runs, for comparison with another implementation. The tensor is the
/// network's own: it is valid during the call only and must not be disposed of.
/// </summary>
/// <param name="name">The block's path in the checkpoint: <c>down_blocks.0.resnets.1</c>.</param>
/// <param name="value">What the block returned.</param>
internal delegate void TapHandler(string name, Tensor value);

/// <summary>The listener of one network, shared by all its blocks.</summary>
internal sealed class Taps
{
    /// <summary>Who listens now.</summary>
    public TapHandler? Handler { get; set; }
}

/// <summary>The place where one block reports its result.</summary>
internal sealed class TapPoint(Taps? taps, string name)
{
    /// <summary>Shows <paramref name="value"/> to the listener, if there is one, and returns it.</summary>
    public Tensor Report(Tensor value)
    {
        taps?.Handler?.Invoke(name, value);
        return value;
    }
}
