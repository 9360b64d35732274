using PerCo.Engine.Backends;
using PerCo.Engine.Backends.Cpu;
using PerCo.Engine.Backends.Gpu;
using PerCo.Engine.Backends.Reference;
using PerCo.Engine.Backends.Trials;
using Xunit;

namespace PerCo.Engine.Tests.Backends;

/// <summary>
/// A backend under test, beside the reference that it is compared with. Each op suite is an abstract class with one
/// sealed subclass a fixture, so a new backend gets all suites by adding its fixture and a line to each.
/// </summary>
public abstract class BackendFixture : IDisposable
{
    private readonly string? _skipReason;
    private readonly Backend? _backend;

    /// <summary>Creates the backend; a <see cref="PerCoException"/> says that the machine lacks it.</summary>
    protected BackendFixture(Func<Backend> create)
    {
        try
        {
            _backend = create();
        }
        catch (PerCoException error)
        {
            _skipReason = error.Message;
        }
    }

    /// <summary>The backend under test; skips the test, with the reason, where the machine lacks it.</summary>
    public Backend Backend
    {
        get
        {
            Skip.If(_backend is null, _skipReason);
            return _backend!;
        }
    }

    /// <summary>What it is compared with.</summary>
    public ReferenceBackend Reference { get; } = new();

    /// <summary>A value as the backend stores activations: operands are so before either backend gets them.</summary>
    public virtual Func<float, float>? Stored => null;

    /// <summary><see cref="Stored"/> of a GPU's precision.</summary>
    protected static float Rounded(float value, GpuPrecision precision)
    {
        Span<float> one = [value];
        TrialOperands.Round(one, precision);
        return one[0];
    }

    /// <summary>The bounds that hold for the backend's arithmetic, from those of the CPU's.</summary>
    public virtual Tolerance Adapt(Tolerance tolerance) => tolerance;

    public void Dispose()
    {
        _backend?.Dispose();
        Reference.Dispose();
        GC.SuppressFinalize(this);
    }
}

// Thread counts differ so that one, two and more threads than processors are covered along with the widths.

/// <summary>512-bit vectors, two threads.</summary>
public sealed class CpuAvx512Fixture()
    : BackendFixture(() => new CpuBackend(new CpuOptions { InstructionSet = InstructionSet.Avx512, Threads = 2 }));

/// <summary>256-bit vectors, three threads.</summary>
public sealed class CpuAvx2Fixture()
    : BackendFixture(() => new CpuBackend(new CpuOptions { InstructionSet = InstructionSet.Avx2, Threads = 3 }));

/// <summary>128-bit vectors, one thread.</summary>
public sealed class CpuVector128Fixture()
    : BackendFixture(() => new CpuBackend(new CpuOptions { InstructionSet = InstructionSet.Vector128, Threads = 1 }));

/// <summary>
/// Weights in fp16. Rounding is off by up to 2⁻¹¹ of a value's power of two, evenly spread: 2⁻¹¹/√3 of a power of two
/// that is 1.5 times smaller than the values, 1.9e-4. GEGLU multiplies two such results, and small cases scatter.
/// </summary>
public sealed class CpuFp16Fixture()
    : BackendFixture(() => new CpuBackend(new CpuOptions { Weights = WeightPrecision.Fp16, Threads = 2 }))
{
    public override Tolerance Adapt(Tolerance tolerance) =>
        new(Math.Max(tolerance.Normalised, 4e-4), Math.Max(tolerance.Worst, 4e-3));
}

/// <summary>The widest vectors, the same bits on every CPU.</summary>
public sealed class CpuStrictFixture()
    : BackendFixture(() => new CpuBackend(new CpuOptions { Strict = true, Threads = 2 }));
