using PerCo.Engine.Backends.Gpu;

namespace PerCo.Engine.Backends.Trials;

/// <summary>How far an op's result may be from the reference's.</summary>
/// <param name="Normalised">rms(difference) / rms(reference).</param>
/// <param name="Worst">Largest difference / rms(reference): one wrong value among a million shows here.</param>
internal sealed record OpTolerance(double Normalised, double Worst)
{
    // Statistics and scores are sums in fp32 on a GPU, where the CPU backend takes them in double precision.
    private const double Fp32Sums = 10;

    // Rounding to 11 bits: 2e-4 of a value on average for weights and again for results, 5e-4 at most, which a result
    // that is many times the average shows in full.
    private static readonly OpTolerance Half = new(1e-3, 2e-2);

    // The same with 8 bits.
    private static readonly OpTolerance Bfloat = new(8e-3, 1.6e-1);

    /// <summary>One or two roundings a value, and functions good to 2 units in the last place.</summary>
    public static OpTolerance Elementwise { get; } = new(1.5e-7, 2e-6);

    /// <summary>Sums in double precision, then a few roundings a value and an activation.</summary>
    public static OpTolerance Norm { get; } = new(2e-7, 3e-6);

    /// <summary>
    /// fp32 sums of up to a few thousand products: rounding errors grow with the root of the length, from 6e-8.
    /// </summary>
    public static OpTolerance Sum { get; } = new(2e-6, 2e-5);

    /// <summary>
    /// Scores of up to some tens, whose rounding errors the softmax turns into relative errors of the weights.
    /// </summary>
    public static OpTolerance Attention { get; } = new(2e-6, 2e-5);

    /// <summary>
    /// Winograd F(4×4,3×3) in fp32: its transforms multiply rounding errors (Lavin and Gray 2015, sec. 5.3).
    /// </summary>
    public static OpTolerance Winograd { get; } = new(1e-4, 1e-3);

    /// <summary>The same with both bounds multiplied.</summary>
    public OpTolerance Times(double factor) => new(Normalised * factor, Worst * factor);

    /// <summary>The bounds on a GPU that stores in some precision, from those of the CPU.</summary>
    public OpTolerance On(GpuPrecision precision) => precision switch
    {
        GpuPrecision.Fp16 => AtLeast(Half),
        GpuPrecision.Bf16 => AtLeast(Bfloat),
        _ => Times(Fp32Sums),
    };

    /// <summary>The bounds of a backend.</summary>
    public OpTolerance On(Backend backend) => backend switch
    {
        GpuBackend gpu => On(gpu.Precision),
        { Plan: NumericPlan.Fp32Winograd } => AtLeast(Winograd),
        _ => this,
    };

    private OpTolerance AtLeast(OpTolerance other) =>
        new(Math.Max(Normalised, other.Normalised), Math.Max(Worst, other.Worst));
}
