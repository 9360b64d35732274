using PerCo.Engine.Tensors;

namespace PerCo.Engine.Backends;

/// <summary>Access to the memory of tensors on a host backend.</summary>
internal static unsafe class HostTensorAccess
{
    /// <summary>The tensor's first value.</summary>
    public static float* Values(this Tensor tensor) => ((HostStorage)tensor.Storage).Values;

    /// <summary>The tensor's values.</summary>
    public static Span<float> Span(this Tensor tensor) => ((HostStorage)tensor.Storage).Span;

    /// <summary>The first value of the slice; its rows lie <c>Stride</c> apart.</summary>
    public static float* Values(this ChannelSlice slice) => slice.Tensor.Values() + slice.Offset;
}
