using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using PerCo.Engine.Tensors.Ops;

namespace PerCo.Engine.Backends.Cpu.Gemm;

/// <summary>
/// What happens to a tile of sums before it becomes result: residual, activation, and cutting to size.
/// </summary>
internal static unsafe class TileFinish
{
    /// <summary>
    /// result[rows][columns] = activation(tile + residual). The tile is as wide as a panel; the residual, which may be
    /// null, has the result's stride. The tile may be the result itself.
    /// </summary>
    public static delegate*<float*, long, float*, float*, long, int, int, void> For(
        InstructionSet set, Activation activation) => set switch
    {
        InstructionSet.Avx512 => For<Simd512, Vector512<float>>(activation),
        InstructionSet.Avx2 => For<Simd256, Vector256<float>>(activation),
        _ => For<Simd128, Vector128<float>>(activation),
    };

    private static delegate*<float*, long, float*, float*, long, int, int, void> For<S, V>(Activation activation)
        where S : struct, ISimd<V>
        where V : struct => activation switch
    {
        Activation.None => &Apply<S, V, IdentityActivation>,
        Activation.Silu => &Apply<S, V, SiluActivation>,
        Activation.Gelu => &Apply<S, V, GeluActivation>,
        Activation.QuickGelu => &Apply<S, V, QuickGeluActivation>,
        Activation.Relu => &Apply<S, V, ReluActivation>,
        Activation.Geglu => &Gate<S, V>,
        _ => throw new ArgumentOutOfRangeException(nameof(activation), activation, "Unknown."),
    };

    [SkipLocalsInit, MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Apply<S, V, TActivation>(
        float* tile, long tileStride, float* residual, float* result, long stride, int rows, int columns)
        where S : struct, ISimd<V>
        where V : struct
        where TActivation : struct, IVectorActivation
    {
        float* edge = stackalloc float[2 * Vector512<float>.Count];
        int whole = columns / S.Count * S.Count;
        int left = columns - whole;
        for (int i = 0; i < rows; i++)
        {
            for (int c = 0; c < whole; c += S.Count)
            {
                V value = S.Load(tile + c);
                if (residual != null)
                {
                    value = S.Add(value, S.Load(residual + c));
                }

                S.Store(TActivation.Apply<S, V>(value), result + c);
            }

            if (left > 0)
            {
                V value = S.Load(tile + whole);
                if (residual != null)
                {
                    SmallCopy.Copy(residual + whole, edge, left);
                    value = S.Add(value, S.Load(edge));
                }

                S.Store(TActivation.Apply<S, V>(value), edge);
                SmallCopy.Copy(edge, result + whole, left);
            }

            tile += tileStride;
            result += stride;
            residual = residual == null ? null : residual + stride;
        }
    }

    // Values in the first half of the panel, gates in the second.
    [SkipLocalsInit, MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Gate<S, V>(
        float* tile, long tileStride, float* residual, float* result, long stride, int rows, int columns)
        where S : struct, ISimd<V>
        where V : struct
    {
        float* edge = stackalloc float[Vector512<float>.Count];
        for (int i = 0; i < rows; i++)
        {
            V value = S.Multiply(S.Load(tile), VectorMath.Gelu<S, V>(S.Load(tile + S.Count)));
            if (columns == S.Count)
            {
                S.Store(value, result);
            }
            else
            {
                S.Store(value, edge);
                SmallCopy.Copy(edge, result, columns);
            }

            tile += tileStride;
            result += stride;
        }
    }
}
