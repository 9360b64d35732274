using System.Runtime.CompilerServices;

namespace PerCo.Engine.Backends.Cpu;

/// <summary>
/// Registers at the end of a row: whole ones where the row is long enough, else the part that is left. With these a
/// loop needs no second body for its tail, and touches no memory beyond it.
/// </summary>
internal static unsafe class SimdTail
{
    private const int MaxLanes = 16;

    /// <summary>The first <paramref name="count"/> values, at most a register of them, then zeros.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Load<S, V>(float* source, long count)
        where S : struct, ISimd<V>
        where V : struct => count >= S.Count ? S.Load(source) : LoadPart<S, V>(source, (int)count);

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
            StorePart<S, V>(value, destination, (int)count);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static V LoadPart<S, V>(float* source, int count)
        where S : struct, ISimd<V>
        where V : struct
    {
        float* buffer = stackalloc float[MaxLanes];
        for (int i = 0; i < MaxLanes; i++)
        {
            buffer[i] = i < count ? source[i] : 0;
        }

        return S.Load(buffer);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void StorePart<S, V>(V value, float* destination, int count)
        where S : struct, ISimd<V>
        where V : struct
    {
        float* buffer = stackalloc float[MaxLanes];
        S.Store(value, buffer);
        for (int i = 0; i < count; i++)
        {
            destination[i] = buffer[i];
        }
    }
}
