using System.Runtime.CompilerServices;

namespace PerCo.Engine.Backends.Cpu;

/// <summary>Sums of values and of their squares, in double precision and in an order that no width changes.</summary>
/// <remarks>
/// Squares of floats are exact in double precision, so the variance Σx²/n − mean² loses no more digits than fp32 has
/// until the mean is some 10⁴ times the deviation, and there the input itself has lost them.
/// </remarks>
internal static unsafe class RowMoments
{
    /// <summary>Columns that are summed on their own before they are added up: the widest register's lanes.</summary>
    private const int Columns = 16;

    /// <summary>Σx and Σx² of <paramref name="count"/> values.</summary>
    public static (double Sum, double Squares) Of<S, V>(float* x, int count)
        where S : struct, ISimd<V>
        where V : struct
    {
        double* sums = stackalloc double[2 * Columns];
        double* squares = sums + Columns;
        for (int column = 0; column < Columns; column += S.Count)
        {
            AddColumns<S, V>(x + column, count - column, sums + column, squares + column);
        }

        double sum = 0, square = 0;
        for (int i = 0; i < Columns; i++)
        {
            sum += sums[i];
            square += squares[i];
        }

        return (sum, square);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddColumns<S, V>(float* x, int count, double* sums, double* squares)
        where S : struct, ISimd<V>
        where V : struct
    {
        V lowerSum = S.Create(0), upperSum = lowerSum, lowerSquares = lowerSum, upperSquares = lowerSum;
        for (int i = 0; i < count; i += Columns)
        {
            V values = SimdTail.Load<S, V>(x + i, count - i);
            V lower = S.WidenLower(values), upper = S.WidenUpper(values);
            lowerSum = S.AddDouble(lowerSum, lower);
            upperSum = S.AddDouble(upperSum, upper);
            lowerSquares = S.MultiplyAddDouble(lower, lower, lowerSquares);
            upperSquares = S.MultiplyAddDouble(upper, upper, upperSquares);
        }

        // Registers of doubles are stored through float pointers, see ISimd.
        S.Store(lowerSum, (float*)sums);
        S.Store(upperSum, (float*)sums + S.Count);
        S.Store(lowerSquares, (float*)squares);
        S.Store(upperSquares, (float*)squares + S.Count);
    }
}
