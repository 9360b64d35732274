using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace PerCo.Engine.Backends.Cpu.Gemm;

/// <summary>
/// What reads panels of a narrow format: value = widened · factor of its column, rounded once, then as in fp32. Sums
/// have the order of <see cref="GemmKernels"/>.
/// </summary>
/// <param name="widen">
/// (stored, k, vectors, factors, destination): rows of one panel as fp32.
/// </param>
/// <param name="row">
/// (k, a, stored, factors, init, c): one row times <see cref="GemmKernels.RowPanels"/> full panels.
/// </param>
internal sealed unsafe class NarrowKernels(
    delegate*<byte*, long, int, float*, float*, void> widen,
    delegate*<long, float*, byte*, float*, float*, float*, void> row)
{
    private static readonly NarrowKernels Half512 = Create<Simd512, Vector512<float>, HalfValues>();
    private static readonly NarrowKernels Byte512 = Create<Simd512, Vector512<float>, ByteValues>();
    private static readonly NarrowKernels Half256 = Create<Simd256, Vector256<float>, HalfValues>();
    private static readonly NarrowKernels Byte256 = Create<Simd256, Vector256<float>, ByteValues>();
    private static readonly NarrowKernels Half128 = Create<Simd128, Vector128<float>, HalfValues>();
    private static readonly NarrowKernels Byte128 = Create<Simd128, Vector128<float>, ByteValues>();

    /// <summary>How a narrow value becomes a float, up to its factor.</summary>
    private interface IValues
    {
        static abstract int Size { get; }

        static abstract V Load<S, V>(byte* source)
            where S : struct, ISimd<V>
            where V : struct;
    }

    public delegate*<byte*, long, int, float*, float*, void> Widen { get; } = widen;

    public delegate*<long, float*, byte*, float*, float*, float*, void> Row { get; } = row;

    /// <summary>The kernels for a format, with registers of some lanes.</summary>
    public static NarrowKernels For(int lanes, PanelFormat format) => (lanes, format) switch
    {
        (16, PanelFormat.Fp16) => Half512,
        (16, PanelFormat.Int8) => Byte512,
        (8, PanelFormat.Fp16) => Half256,
        (8, PanelFormat.Int8) => Byte256,
        (4, PanelFormat.Fp16) => Half128,
        (4, PanelFormat.Int8) => Byte128,
        _ => throw new ArgumentOutOfRangeException(nameof(format), format, "Not narrow."),
    };

    private static NarrowKernels Create<S, V, TValues>()
        where S : struct, ISimd<V>
        where V : struct
        where TValues : struct, IValues => new(&WidenRows<S, V, TValues>, &MultiplyRow<S, V, TValues>);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void WidenRows<S, V, TValues>(byte* stored, long k, int vectors, float* factors, float* destination)
        where S : struct, ISimd<V>
        where V : struct
        where TValues : struct, IValues
    {
        int step = S.Count * TValues.Size;
        V first = S.Load(factors);
        if (vectors == 1)
        {
            for (long i = 0; i < k; i++)
            {
                S.Store(S.Multiply(TValues.Load<S, V>(stored), first), destination);
                stored += step;
                destination += S.Count;
            }

            return;
        }

        V second = S.Load(factors + S.Count);
        for (long i = 0; i < k; i++)
        {
            S.Store(S.Multiply(TValues.Load<S, V>(stored), first), destination);
            S.Store(S.Multiply(TValues.Load<S, V>(stored + step), second), destination + S.Count);
            stored += 2 * step;
            destination += 2 * S.Count;
        }
    }

    // Four panels of two vectors: eight sums, so that a sum's latency does not show.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void MultiplyRow<S, V, TValues>(
        long k, float* a, byte* stored, float* factors, float* init, float* c)
        where S : struct, ISimd<V>
        where V : struct
        where TValues : struct, IValues
    {
        int n = S.Count, step = n * TValues.Size;
        long panel = k * 2 * step;
        byte* b0 = stored, b1 = b0 + panel, b2 = b1 + panel, b3 = b2 + panel;
        V c0 = S.Load(init), c1 = S.Load(init + n), c2 = S.Load(init + 2 * n), c3 = S.Load(init + 3 * n);
        V c4 = S.Load(init + 4 * n), c5 = S.Load(init + 5 * n), c6 = S.Load(init + 6 * n), c7 = S.Load(init + 7 * n);
        for (float* end = a + k; a < end; a++)
        {
            V x = S.Create(*a);
            c0 = S.MultiplyAdd(x, S.Multiply(TValues.Load<S, V>(b0), S.Load(factors)), c0);
            c1 = S.MultiplyAdd(x, S.Multiply(TValues.Load<S, V>(b0 + step), S.Load(factors + n)), c1);
            c2 = S.MultiplyAdd(x, S.Multiply(TValues.Load<S, V>(b1), S.Load(factors + 2 * n)), c2);
            c3 = S.MultiplyAdd(x, S.Multiply(TValues.Load<S, V>(b1 + step), S.Load(factors + 3 * n)), c3);
            c4 = S.MultiplyAdd(x, S.Multiply(TValues.Load<S, V>(b2), S.Load(factors + 4 * n)), c4);
            c5 = S.MultiplyAdd(x, S.Multiply(TValues.Load<S, V>(b2 + step), S.Load(factors + 5 * n)), c5);
            c6 = S.MultiplyAdd(x, S.Multiply(TValues.Load<S, V>(b3), S.Load(factors + 6 * n)), c6);
            c7 = S.MultiplyAdd(x, S.Multiply(TValues.Load<S, V>(b3 + step), S.Load(factors + 7 * n)), c7);
            b0 += 2 * step;
            b1 += 2 * step;
            b2 += 2 * step;
            b3 += 2 * step;
        }

        S.Store(c0, c);
        S.Store(c1, c + n);
        S.Store(c2, c + 2 * n);
        S.Store(c3, c + 3 * n);
        S.Store(c4, c + 4 * n);
        S.Store(c5, c + 5 * n);
        S.Store(c6, c + 6 * n);
        S.Store(c7, c + 7 * n);
    }

    private readonly struct HalfValues : IValues
    {
        public static int Size => sizeof(ushort);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Load<S, V>(byte* source)
            where S : struct, ISimd<V>
            where V : struct => S.WidenHalf((ushort*)source);
    }

    private readonly struct ByteValues : IValues
    {
        public static int Size => sizeof(sbyte);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Load<S, V>(byte* source)
            where S : struct, ISimd<V>
            where V : struct => S.WidenByte((sbyte*)source);
    }
}
