using PerCo.Engine.Backends.Cpu.Gemm;

namespace PerCo.Engine.Backends.Cpu;

/// <summary>The CPU, with SIMD and threads; activations and arithmetic are fp32.</summary>
public sealed partial class CpuBackend : HostBackend
{
    /// <summary>Starts the workers.</summary>
    /// <param name="options">Threads and instruction set; the defaults use the whole machine.</param>
    /// <exception cref="PerCoException">This CPU lacks the instruction set.</exception>
    /// <exception cref="ArgumentOutOfRangeException">
    /// Less than one thread or more than 1024, or no known precision or instruction set.
    /// </exception>
    /// <exception cref="ArgumentException">Strict, with weights that are rounded.</exception>
    public CpuBackend(CpuOptions? options = null)
    {
        Options = options ?? new CpuOptions();
        if (!Enum.IsDefined(Options.Weights))
        {
            throw new ArgumentOutOfRangeException(nameof(options), Options.Weights, "Unknown precision of weights.");
        }

        if (!Enum.IsDefined(Options.InstructionSet))
        {
            throw new ArgumentOutOfRangeException(nameof(options), Options.InstructionSet, "Unknown instruction set.");
        }

        ArgumentOutOfRangeException.ThrowIfGreaterThan(Options.Threads, CpuOptions.MostThreads, nameof(options));
        if (Options is { Strict: true, Weights: WeightPrecision.Fp16 or WeightPrecision.Int8 })
        {
            throw new ArgumentException(
                $"Strict keeps all weights as they are, expected {WeightPrecision.Auto} or {WeightPrecision.Fp32} "
                + $"weights, got {Options.Weights}.", nameof(options));
        }

        WeightPlan = Options.WeightPlan;
        InstructionSet = Options.InstructionSet.Resolve();
        Pool = new WorkerPool(Options.Threads);
        Kernels = GemmKernels.For(InstructionSet);
    }

    /// <inheritdoc/>
    public override string Name => "cpu";

    /// <inheritdoc/>
    public override string Description =>
        $"{InstructionSet}, {Pool.Threads} thread{(Pool.Threads == 1 ? "" : "s")}{(Options.Strict ? ", strict" : "")}"
        + (WeightPlan.Precision == WeightPrecision.Auto ? ""
            : $", {WeightPlan.Precision.ToString().ToLowerInvariant()} weights");

    /// <inheritdoc/>
    public override NumericPlan Plan => Options.Strict ? NumericPlan.Fp32Direct : WeightPlan.Precision switch
    {
        WeightPrecision.Fp16 => NumericPlan.Fp16Weights,
        WeightPrecision.Int8 => NumericPlan.Int8Weights,
        _ => NumericPlan.Fp32Winograd,
    };

    /// <summary>What was asked for.</summary>
    public CpuOptions Options { get; }

    /// <summary>The instruction set in use; never <see cref="InstructionSet.Auto"/>.</summary>
    public InstructionSet InstructionSet { get; }

    /// <inheritdoc/>
    internal override CancellationToken Cancellation
    {
        get => base.Cancellation;
        set => base.Cancellation = Pool.Cancellation = value;
    }

    /// <summary>How weights are stored that are prepared from now on.</summary>
    internal WeightPlan WeightPlan { get; set; }

    internal WorkerPool Pool { get; }

    /// <summary>The kernels of the matrix products.</summary>
    internal GemmKernels Kernels { get; }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            Pool.Dispose();
        }

        base.Dispose(disposing);
    }
}
