using System.Runtime.CompilerServices;

namespace PerCo.Engine.Backends.Cpu;

/// <summary>
/// Registers at the end of a row: whole ones where the row is long enough, else the part that is left. With these a
/// loop needs no second body for its tail, and touches no memory beyond it. Nothing is called: values that live across
/// a call would live in memory.
/// </summary>
internal static unsafe class SimdTail
{
    /// <summary>The first <paramref name="count"/> values, at most a register of them, then zeros.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Load<S, V>(float* source, long count)
        where S : struct, ISimd<V>
        where V : struct => count >= S.Count ? S.Load(source) : S.LoadFirst(source, (int)count);

    /// <summary>Writes the first <paramref name="count"/> lanes, at most all.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store<S, V>(V value, float* destination, long count)
        where S : struct, ISimd<V>
        where V : struct
    {
        if (count >= S.Count)
        {
            S.Store(value, destination);
        }
        else
        {
            S.StoreFirst(value, destination, (int)count);
        }
    }
}
