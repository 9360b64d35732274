using System.Runtime.CompilerServices;

namespace PerCo.Engine.Backends.Cpu;

/// <summary>Sums of a register of columns and of their squares, in double precision, kept in registers.</summary>
/// <remarks>
/// Squares of floats are exact in double precision, so the variance Σx²/n − mean² loses no more digits than fp32 has
/// until the mean is some 10⁴ times the deviation, and there the input itself has lost them.
/// </remarks>
internal unsafe struct Moments<S, V>
    where S : struct, ISimd<V>
    where V : struct
{
    private V _lowerSum;
    private V _upperSum;
    private V _lowerSquares;
    private V _upperSquares;

    /// <summary>Begins with sums of <c>S.Count</c> columns in memory.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Moments<S, V> Load(double* sums, double* squares) => new()
    {
        // Registers of doubles are loaded and stored through float pointers, see ISimd.
        _lowerSum = S.Load((float*)sums),
        _upperSum = S.Load((float*)sums + S.Count),
        _lowerSquares = S.Load((float*)squares),
        _upperSquares = S.Load((float*)squares + S.Count),
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(V x)
    {
        V lower = S.WidenLower(x), upper = S.WidenUpper(x);
        _lowerSum = S.AddDouble(_lowerSum, lower);
        _upperSum = S.AddDouble(_upperSum, upper);
        _lowerSquares = S.MultiplyAddDouble(lower, lower, _lowerSquares);
        _upperSquares = S.MultiplyAddDouble(upper, upper, _upperSquares);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Store(double* sums, double* squares)
    {
        S.Store(_lowerSum, (float*)sums);
        S.Store(_upperSum, (float*)sums + S.Count);
        S.Store(_lowerSquares, (float*)squares);
        S.Store(_upperSquares, (float*)squares + S.Count);
    }
}
