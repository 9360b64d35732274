using System.Runtime.InteropServices;
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
    public float[] Run(Backend backend, GpuPrecision precision) => RunRepeatedly(backend, precision, 1).Result;

    /// <summary>Computes it again and again from the same operands.</summary>
    public OpRuns RunRepeatedly(Backend backend, GpuPrecision precision, int repetitions)
    {
        using var operands = new TrialOperands(backend, precision);
        Func<Tensor> op = Prepare(operands);
        float[]? first = null;
        int differing = 0;
        for (int i = 0; i < repetitions; i++)
        {
            using Tensor result = op();
            float[] values = result.ToFloats();
            first ??= values;
            ReadOnlySpan<int> bits = MemoryMarshal.Cast<float, int>(values);
            differing += bits.SequenceEqual(MemoryMarshal.Cast<float, int>(first)) ? 0 : 1;
        }

        return new OpRuns(first!, differing);
    }

    /// <summary>
    /// The bounds on a backend. Operands are rounded to what it stores, so what only moves values is exact there too.
    /// </summary>
    public OpTolerance Bound(Backend backend) => Tolerance.Worst == 0 ? Tolerance : Tolerance.On(backend);

    /// <inheritdoc/>
    public override string ToString() => $"{Op} {Shape}";
}

/// <summary>What an op gave, several times.</summary>
/// <param name="Result">The first result.</param>
/// <param name="Differing">How many of the others have other bits.</param>
internal readonly record struct OpRuns(float[] Result, int Differing);
