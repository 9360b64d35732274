using PerCo.Engine.Backends.Cpu.Gemm;
using PerCo.Engine.Tensors;

namespace PerCo.Engine.Backends.Cpu;

/// <summary>Chooses how weights are stored, from their number and the checkpoint's type.</summary>
/// <param name="Precision">What was asked for.</param>
/// <param name="TransformedMemory">Bytes that transformed weights may take that are kept.</param>
internal sealed record WeightPlan(WeightPrecision Precision, long TransformedMemory)
{
    /// <summary>From here on a matrix in fp32 is larger than second-level caches: reading it sets the pace.</summary>
    private const long LargeMatrix = 1 << 20;

    /// <summary>Up to here int8 saves nothing to speak of, and first and last layers are sensitive to it.</summary>
    private const long SmallMatrix = 1 << 14;

    /// <summary>The format of a matrix, or of a convolution that is not kept transformed.</summary>
    public PanelFormat Format(ElementType type, long count) => Precision switch
    {
        WeightPrecision.Auto => type == ElementType.Float16 && count >= LargeMatrix
            ? PanelFormat.Fp16 : PanelFormat.Fp32,
        WeightPrecision.Fp32 => PanelFormat.Fp32,
        WeightPrecision.Fp16 => PanelFormat.Fp16,
        WeightPrecision.Int8 => count > SmallMatrix ? PanelFormat.Int8 : PanelFormat.Fp16,
        _ => throw new InvalidOperationException($"Unknown precision {Precision}."),
    };

    /// <summary>Bytes that transformed weights may take, once <paramref name="used"/> are taken.</summary>
    public long TransformedMemoryLeft(long used) =>
        Precision is WeightPrecision.Fp16 or WeightPrecision.Int8 ? 0 : TransformedMemory - used;
}
