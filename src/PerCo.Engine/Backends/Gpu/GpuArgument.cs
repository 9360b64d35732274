namespace PerCo.Engine.Backends.Gpu;

/// <summary>A kernel argument: a buffer (or none), or 32 bits by value.</summary>
internal readonly struct GpuArgument
{
    private GpuArgument(nint buffer, int bits, bool isBuffer)
    {
        Buffer = buffer;
        Bits = bits;
        IsBuffer = isBuffer;
    }

    /// <summary>The buffer's handle, 0 for a null pointer.</summary>
    public nint Buffer { get; }

    /// <summary>The value's bits.</summary>
    public int Bits { get; }

    /// <summary>Whether the argument is a pointer.</summary>
    public bool IsBuffer { get; }

    public static implicit operator GpuArgument(GpuBuffer? buffer) => new(buffer?.Handle ?? 0, 0, true);

    public static implicit operator GpuArgument(int value) => new(0, value, false);

    public static implicit operator GpuArgument(float value) => new(0, BitConverter.SingleToInt32Bits(value), false);
}
