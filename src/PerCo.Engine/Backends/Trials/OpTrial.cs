using PerCo.Engine.Backends.Gpu;
using PerCo.Engine.Tensors;

namespace PerCo.Engine.Backends.Trials;

/// <summary>
/// An op at a shape, with operands: one object that is compared with the reference, timed, and listed. What it is worth
/// is counted as the op is defined, whatever an algorithm saves.
/// </summary>
/// <param name="Op">The op's method of <see cref="Backends.Backend"/>.</param>
/// <param name="Shape">The operands, for people and tables.</param>
/// <param name="Tolerance">How close a CPU's result is.</param>
/// <param name="Operations">Multiplications and additions; 0 where memory counts.</param>
/// <param name="Values">Values that are read and written at least, weights included.</param>
/// <param name="Prepare">Makes operands and returns what computes the op on them.</param>
internal sealed record OpTrial(
    string Op, string Shape, OpTolerance Tolerance, double Operations, double Values,
    Func<TrialOperands, Func<Tensor>> Prepare)
{
    /// <summary>Computes it once.</summary>
    public float[] Run(Backend backend, GpuPrecision precision)
    {
        using var operands = new TrialOperands(backend, precision);
        using Tensor result = Prepare(operands)();
        return result.ToFloats();
    }

    /// <summary>
    /// The bounds on a backend. Operands are rounded to what it stores, so what only moves values is exact there too.
    /// </summary>
    public OpTolerance Bound(Backend backend) => Tolerance.Worst == 0 ? Tolerance : Tolerance.On(backend);

    /// <inheritdoc/>
    public override string ToString() => $"{Op} {Shape}";
}
