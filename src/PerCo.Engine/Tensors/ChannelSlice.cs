namespace PerCo.Engine.Tensors;

/// <summary>
/// A run of channels of a tensor, read in place: queries, keys and values that one fused projection wrote side by side.
/// </summary>
public readonly struct ChannelSlice
{
    /// <summary>Selects channels.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The channels do not lie within the tensor's.</exception>
    public ChannelSlice(Tensor tensor, int offset, int count)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan((long)offset + count, tensor.Shape.Channels, nameof(count));
        Tensor = tensor;
        Offset = offset;
        Count = count;
    }

    /// <summary>The tensor that is read.</summary>
    public Tensor Tensor { get; }

    /// <summary>First channel.</summary>
    public int Offset { get; }

    /// <summary>Number of channels.</summary>
    public int Count { get; }

    /// <summary>Distance between rows in elements.</summary>
    internal int Stride => Tensor.Shape.Channels;

    /// <summary>All channels of a tensor.</summary>
    public static implicit operator ChannelSlice(Tensor tensor) => new(tensor, 0, tensor.Shape.Channels);

    /// <summary>All channels of a tensor.</summary>
    public static ChannelSlice FromTensor(Tensor tensor) => tensor;
}
