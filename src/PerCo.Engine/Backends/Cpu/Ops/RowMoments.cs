using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace PerCo.Engine.Backends.Cpu;

/// <summary>Sums of the values of a row and of their squares, in an order that no width changes.</summary>
internal static unsafe class RowMoments
{
    /// <summary>Columns that are summed on their own before they are added up: the widest register's lanes.</summary>
    private const int Columns = 16;

    /// <summary>Σx and Σx² of <paramref name="count"/> values.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static (double Sum, double Squares) Of<S, V>(float* x, int count)
        where S : struct, ISimd<V>
        where V : struct
    {
        double* sums = stackalloc double[2 * Columns];
        double* squares = sums + Columns;
        new Span<double>(sums, 2 * Columns).Clear();
        for (int column = 0; column < Columns; column += S.Count)
        {
            AddColumns<S, V>(x + column, count - column, sums + column, squares + column);
        }

        return (Total(sums), Total(squares));
    }

    // By halves, so that few additions wait for each other; the halves are the same at every width.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static double Total(double* columns)
    {
        Vector128<double> even = Pair(columns, 0) + Pair(columns, 8) + (Pair(columns, 4) + Pair(columns, 12));
        Vector128<double> odd = Pair(columns, 2) + Pair(columns, 10) + (Pair(columns, 6) + Pair(columns, 14));
        Vector128<double> both = even + odd;
        return both.ToScalar() + both.GetElement(1);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<double> Pair(double* columns, int index) => Vector128.Load(columns + index);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddColumns<S, V>(float* x, int count, double* sums, double* squares)
        where S : struct, ISimd<V>
        where V : struct
    {
        Moments<S, V> moments = Moments<S, V>.Load(sums, squares);
        for (int i = 0; i < count; i += Columns)
        {
            moments.Add(SimdTail.Load<S, V>(x + i, count - i));
        }

        moments.Store(sums, squares);
    }
}
