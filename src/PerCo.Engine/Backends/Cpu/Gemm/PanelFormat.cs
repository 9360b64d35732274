namespace PerCo.Engine.Backends.Cpu.Gemm;

/// <summary>How the values of a <see cref="PackedMatrix"/> are stored.</summary>
internal enum PanelFormat
{
    /// <summary>4 bytes, as they are computed with.</summary>
    Fp32,

    /// <summary>2 bytes, a power of two a column.</summary>
    Fp16,

    /// <summary>1 byte, from -127 to 127, a factor a column.</summary>
    Int8,
}

/// <summary>What the formats take.</summary>
internal static class PanelFormats
{
    /// <summary>Bytes of a value.</summary>
    public static int Size(this PanelFormat format) => format switch
    {
        PanelFormat.Fp32 => sizeof(float),
        PanelFormat.Fp16 => sizeof(ushort),
        PanelFormat.Int8 => sizeof(sbyte),
        _ => throw new ArgumentOutOfRangeException(nameof(format), format, "Unknown."),
    };
}
